"""From the outbox to the sinks: each event reaches each sink once, in order per subject, in the sink's transaction."""

import time
import traceback
from collections.abc import Sequence
from math import inf

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.module_loading import import_string

from integrations.claims import backoff, claim
from integrations.correlation import correlate
from integrations.masking import masked_traceback
from integrations.ports import Event, Sink
from webhooks.crew import Crew
from webhooks.models import Dispatch, OutboxEvent
from webhooks.tasks import wake_relay

log = structlog.get_logger("relay")

BATCH = 50
TURN = 2.0  # seconds after which a worker looks what else there is to do
clock = time.perf_counter
# Few: they mostly wait for each other, since all write to one stream, and the other threads have deliveries to process.
_crew = Crew(max(1, settings.WORKER_THREADS // 4))


def relay(until: float = inf) -> int:
    """Hand every due dispatch to its sink, until none is left or the clock says so; returns how many were taken."""
    earlier = Dispatch.objects.filter(
        sink=OuterRef("sink"), event__about=OuterRef("event__about"), done_at=None, pk__lt=OuterRef("pk")
    )
    waiting = Dispatch.objects.filter(done_at=None, sink__in=settings.PATCHBAY_SINKS).filter(~Exists(earlier))
    taken = 0
    while clock() < until and (batch := claim(waiting.select_related("event"), BATCH)):
        _hand_over(batch)
        taken += len(batch)
    return taken


def take_turn() -> int:
    """A worker's share of the work; what is left is for the next turn."""
    return _crew.work(_turn)


def _turn() -> int:
    until = clock() + TURN
    taken = relay(until)
    if clock() >= until:
        wake_relay()
    return taken


def _hand_over(batch: list[Dispatch]) -> None:
    """All in one transaction; if anything fails in it, each in its own: only then is it known whose fault it was."""
    # What sinks lock is met in one order by all who relay, so that they wait for each other and do not deadlock.
    batch = sorted(batch, key=lambda dispatch: (dispatch.sink, dispatch.pk))
    if len(batch) == 1 or not _together(batch):
        for dispatch in batch:
            _alone(dispatch)


def _together(batch: Sequence[Dispatch]) -> bool:
    try:
        _commit(batch)
    except Exception as error:  # noqa: BLE001  whatever it was, nothing of it has happened, and it comes again alone
        log.info("relay.split", dispatches=len(batch), error=repr(error))
        return False
    return True


def _alone(dispatch: Dispatch) -> None:
    with correlate(dispatch.event.request_id):
        try:
            _commit([dispatch])
        except Exception as error:  # noqa: BLE001  a sink that fails must not stop the others, nor lose the event
            log.warning("dispatch.failed", sink=dispatch.sink, event_name=dispatch.event.name, error=repr(error))
            Dispatch.objects.filter(pk=dispatch.pk, attempts=dispatch.attempts).update(
                error=masked_traceback(traceback.format_exc()), due_at=timezone.now() + backoff(dispatch.attempts)
            )


def _commit(batch: Sequence[Dispatch]) -> None:
    with transaction.atomic():
        for dispatch in _ours(batch):
            _tell(dispatch)


def _ours(batch: Sequence[Dispatch]) -> list[Dispatch]:
    """Mark as done those that nobody else has claimed since, and lock them: the fence in front of the sinks."""
    rows = Dispatch.objects.filter(pk__in=[dispatch.pk for dispatch in batch], done_at=None)
    claims = dict(rows.order_by("pk").select_for_update().values_list("pk", "attempts"))
    ours = [dispatch for dispatch in batch if claims.get(dispatch.pk) == dispatch.attempts]
    Dispatch.objects.filter(pk__in=[dispatch.pk for dispatch in ours]).update(done_at=timezone.now(), error="")
    return ours


def _tell(dispatch: Dispatch) -> None:
    sink: Sink = import_string(settings.PATCHBAY_SINKS[dispatch.sink])
    with correlate(dispatch.event.request_id):
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
