"""What we decided, written beside the state it tells of, and relayed to every sink that the settings name."""

from typing import Any

import structlog
from django.conf import settings
from django.db import connection, transaction

from integrations.correlation import request_id
from webhooks.models import Dispatch, OutboxEvent
from webhooks.tasks import wake_relay

log = structlog.get_logger("outbox")


def publish(
    name: str, data: dict[str, Any], *, about: str, user: int | None = None, recipient: str = ""
) -> OutboxEvent:
    """Write the event `name` and its way to each sink, in the caller's transaction.

    `about` is the subject (`order:1001`), `user` whose event it is, `recipient` the address a mail of it would go to.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"{name} was published outside the transaction of the state it tells of")
    event = OutboxEvent.objects.create(
        name=name, about=about, data=data, user_id=user, recipient=recipient, request_id=request_id()
    )
    Dispatch.objects.bulk_create(Dispatch(event=event, sink=sink) for sink in settings.PATCHBAY_SINKS)
    transaction.on_commit(wake_relay)
    log.info("event", name=name, about=about, id=str(event.uid))
    return event
