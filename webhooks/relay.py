"""From the outbox to the sinks: each event reaches each sink once, in order per subject, in the sink's transaction."""

import traceback

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.module_loading import import_string

from integrations.claims import backoff, claim
from integrations.correlation import correlate
from integrations.ports import Event, Sink
from webhooks.models import Dispatch, OutboxEvent

log = structlog.get_logger("relay")

BATCH = 50


def relay() -> int:
    """Hand every due dispatch to its sink; returns how many were taken."""
    earlier = Dispatch.objects.filter(
        sink=OuterRef("sink"), event__about=OuterRef("event__about"), done_at=None, pk__lt=OuterRef("pk")
    )
    waiting = Dispatch.objects.filter(done_at=None, sink__in=settings.PATCHBAY_SINKS).filter(~Exists(earlier))
    taken = 0
    while batch := claim(waiting.select_related("event"), BATCH):
        for dispatch in batch:
            _hand_over(dispatch)
        taken += len(batch)
    return taken


def _hand_over(dispatch: Dispatch) -> None:
    with correlate(dispatch.event.request_id):
        try:
            _commit(dispatch)
        except Exception as error:  # noqa: BLE001  a sink that fails must not stop the others, nor lose the event
            log.warning("dispatch.failed", sink=dispatch.sink, event_name=dispatch.event.name, error=repr(error))
            Dispatch.objects.filter(pk=dispatch.pk, attempts=dispatch.attempts).update(
                error=traceback.format_exc(), due_at=timezone.now() + backoff(dispatch.attempts)
            )


def _commit(dispatch: Dispatch) -> None:
    sink: Sink = import_string(settings.PATCHBAY_SINKS[dispatch.sink])
    with transaction.atomic():
        ours = Dispatch.objects.filter(pk=dispatch.pk, attempts=dispatch.attempts, done_at=None)
        if ours.update(done_at=timezone.now(), error=""):
            sink(as_event(dispatch.event))


def as_event(row: OutboxEvent) -> Event:
    """The row in the words of the ports."""
    return Event(
        id=str(row.uid),
        name=row.name,
        about=row.about,
        data=row.data,
        at=row.at,
        user=row.user_id,
        recipient=row.recipient,
        request_id=row.request_id,
    )
