"""Effects and the ends of their deliveries, committed together: many in one transaction, or each in its own.

One transaction for all is what makes a batch cheap. If anything at all fails in it, nothing of it has happened, and
each is carried out by itself: only then is it known whose fault it was. An effect may therefore be called twice, and
commits once.

A connection that is cut may leave a commit without an answer. What became of it is looked up before it is called a
failure: else an effect that is there would be told as a try that failed, and nobody would call who waits behind it.
"""

import time
from collections.abc import Sequence

import structlog
from django.db import transaction

from integrations.claims import lease
from integrations.correlation import correlate
from webhooks import metrics
from webhooks.models import Delivery
from webhooks.processing import failures
from webhooks.processing.fates import fail, write, written
from webhooks.processing.order import call_next
from webhooks.processing.preparation import Work

log = structlog.get_logger("webhooks")

State = Delivery.State


class Overtaken(Exception):
    """Somebody else has claimed one of the deliveries since."""


def commit(works: Sequence[Work]) -> None:
    """Carry the effects out and write down what has become of the deliveries."""
    # Two workers that touch the same rows in the same order wait for each other, and do not deadlock.
    works = sorted(works, key=lambda work: (work.delivery.object_key, work.delivery.pk))
    ours = works if len(works) > 1 and _together(works) else [work for work in works if _alone(work)]
    call_next([work.delivery for work in ours if work.delivery.state != State.PENDING])
    failures.note(work.delivery for work in ours)
    for work in ours:
        _tell(work)


def _together(works: Sequence[Work]) -> bool:
    try:
        with transaction.atomic():
            if write([work.delivery for work in works]) < len(works):
                raise Overtaken
            for work in works:
                _carry_out(work)
    except Exception as error:  # noqa: BLE001  whatever it was, nothing of it has happened, and it comes again alone
        log.info("batch.split", deliveries=len(works), error=repr(error))
        return False
    return True


def _alone(work: Work) -> bool:
    """Whether it was ours to end: only the latest claimant of a pending delivery may act on it."""
    delivery = work.delivery
    try:
        with transaction.atomic():
            ours = write([delivery])
            if ours:
                _carry_out(work)
        ours = ours or written(delivery)
    except Exception as error:  # noqa: BLE001  its type decides: see fates.fail
        if written(delivery):
            return True
        with correlate(delivery.request_id):
            fail(delivery, error)
        ours = write([delivery])
    if not ours:
        log.info("delivery.overtaken", id=delivery.pk, attempt=delivery.attempts)
    return bool(ours)


def _carry_out(work: Work) -> None:
    if not work.effects:
        return
    started = time.perf_counter()
    with correlate(work.delivery.request_id), lease(work.delivery):
        for effect in work.effects:
            effect()
    work.seconds += time.perf_counter() - started


def _tell(work: Work) -> None:
    delivery = work.delivery
    loud = {State.DEAD: log.error, State.PENDING: log.warning}
    metrics.processed.count(delivery.source, delivery.state)
    reason = {"error": delivery.reason} if delivery.error else {}
    with correlate(delivery.request_id):
        loud.get(State(delivery.state), log.info)(
            "delivery",
            id=delivery.pk,
            source=delivery.source,
            kind=delivery.kind,
            state=delivery.state,
            attempt=delivery.attempts,
            ms=round(work.seconds * 1000, 1),
            **reason,
        )
