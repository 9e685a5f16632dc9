"""What we decided, written beside the state it tells of, and relayed to every sink that the settings name."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4, uuid5

import structlog
from django.conf import settings
from django.db import IntegrityError, connection, transaction

from integrations.correlation import request_id
from integrations.wake import after_commit
from webhooks.models import Dispatch, OutboxEvent
from webhooks.outbox.catalogue import catalogue
from webhooks.tasks import wake_relay

log = structlog.get_logger("outbox")

# The names of occasions are told apart from all others in the world by this number.
OCCASIONS = UUID("6d2f3c1e-0d0c-4b63-9d2e-1f3a6a4f8b57")


class Undeclared(LookupError):
    """An event that the catalogue does not know: customers could neither subscribe to it nor read it."""


def publish(
    name: str, data: Mapping[str, Any], *, about: str, user: int | None = None, recipient: str = "", once: str = ""
) -> OutboxEvent:
    """Write the event `name` and its way to each sink, in the caller's transaction.

    `about` is the subject (`order:1001`), `user` whose event it is, `recipient` the address a mail of it would go to.
    Publishing again with the same `once` (any text that names the occasion) gives the first event and writes nothing.
    An event that is not declared raises `Undeclared` in development; in production it is told rather than lost.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"{name} was published outside the transaction of the state it tells of")
    if name not in catalogue():
        _object_to(name)
    event = OutboxEvent(name=name, about=about, data=dict(data), user_id=user, recipient=recipient)
    event.request_id, event.uid = request_id(), uuid5(OCCASIONS, f"{name} {once}") if once else uuid4()
    if not _write(event, once):
        return OutboxEvent.objects.get(uid=event.uid)
    Dispatch.objects.bulk_create(Dispatch(event=event, sink=sink) for sink in settings.PATCHBAY_SINKS)
    after_commit(wake_relay)
    log.info("event", name=name, about=about, id=str(event.uid))
    return event


def _write(event: OutboxEvent, once: str) -> bool:
    """Whether it is new: the unique id decides, however many write it at once."""
    if not once:
        event.save(force_insert=True)
        return True
    try:
        with transaction.atomic():
            event.save(force_insert=True)
    except IntegrityError:
        if OutboxEvent.objects.filter(uid=event.uid).exists():
            return False
        raise
    return True


def _object_to(name: str) -> None:
    if settings.STRICT_EVENTS:
        raise Undeclared(f"{name} is in no catalogue: declare() it where it is published")
    log.error("event.undeclared", name=name)
