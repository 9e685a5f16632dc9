"""From Delivery to effect: claim, say what it means, ask the vendor, commit the effect with the delivery's end."""

import time
import traceback
from dataclasses import asdict

import structlog
from django.db import transaction
from django.utils import timezone

from integrations import registry
from integrations.claims import backoff, claim, lease
from integrations.correlation import correlate
from integrations.errors import Ignored, NotConfigured, Permanent, Refused, Retryable
from integrations.http import deadline
from webhooks import metrics
from webhooks.handling import Effect, effects_of
from webhooks.models import Delivery
from webhooks.tasks import wake_drain

log = structlog.get_logger("webhooks")

BATCH = 20
MAX_ATTEMPTS = 20  # with the back-off of claims.backoff: about three days


def drain() -> int:
    """Process every delivery that is due; returns how many were taken."""
    taken = 0
    while batch := claim(Delivery.objects.filter(state=Delivery.State.PENDING), BATCH):
        for delivery in batch:
            process(delivery)
        taken += len(batch)
    return taken


def process(delivery: Delivery) -> None:
    """Process one claimed delivery, whatever comes of it; an error decides what happens next by its type."""
    with correlate(delivery.request_id), lease(delivery):
        started = time.perf_counter()
        try:
            _carry_out(delivery)
        except Ignored as error:
            _end(delivery, Delivery.State.IGNORED, str(error))
        except (Permanent, Refused, NotConfigured):
            _end(delivery, Delivery.State.DEAD, traceback.format_exc())
        except Retryable as error:
            _postpone(delivery, error.retry_after)
        except Exception:
            # A bug of ours must not lose the delivery: it is kept with its traceback.
            log.exception("delivery.broke", id=delivery.pk)
            _postpone(delivery)
        metrics.processed.count(delivery.source, delivery.state)
        _log(delivery, round((time.perf_counter() - started) * 1000, 1))


def _log(delivery: Delivery, ms: float) -> None:
    loud = {Delivery.State.DEAD: log.error, Delivery.State.PENDING: log.warning}
    write = loud.get(Delivery.State(delivery.state), log.info)
    write(
        "delivery",
        id=delivery.pk,
        source=delivery.source,
        kind=delivery.kind,
        state=delivery.state,
        attempt=delivery.attempts,
        ms=ms,
        **({"error": delivery.reason} if delivery.reason else {}),
    )


def _carry_out(delivery: Delivery) -> None:
    deadline.require("this delivery: its lease is over")
    provider = registry.source(delivery.source)
    if not provider.knows(delivery.kind):
        known = "a kind we set aside" if delivery.kind in provider.ignored else "a kind we do not know"
        raise Ignored(known)
    facts = provider.interpret(delivery.kind, bytes(delivery.body))
    delivery.facts = [{"fact": type(fact).__name__, **asdict(fact)} for fact in facts]
    _commit(delivery, effects_of(facts))


def _commit(delivery: Delivery, effects: list[Effect]) -> None:
    with transaction.atomic():
        if not _still_ours(delivery):
            return
        for effect in effects:
            effect()
        _end(delivery, Delivery.State.HANDLED)


def _still_ours(delivery: Delivery) -> bool:
    current = Delivery.objects.select_for_update().only("state", "attempts").get(pk=delivery.pk)
    return current.state == Delivery.State.PENDING and current.attempts == delivery.attempts


def _end(delivery: Delivery, state: Delivery.State, error: str = "") -> None:
    delivery.state, delivery.error, delivery.handled_at = state, error, timezone.now()
    _save(delivery)


def _postpone(delivery: Delivery, asked: float | None = None) -> None:
    gave_up = delivery.attempts >= MAX_ATTEMPTS
    delivery.state = Delivery.State.DEAD if gave_up else Delivery.State.PENDING
    delivery.error, delivery.handled_at = traceback.format_exc(), None
    delivery.due_at = timezone.now() + backoff(delivery.attempts, asked)
    _save(delivery)


def _save(delivery: Delivery) -> None:
    # The fence: only the latest claimant of a pending delivery may write its fate.
    Delivery.objects.filter(pk=delivery.pk, attempts=delivery.attempts, state=Delivery.State.PENDING).update(
        state=delivery.state,
        error=delivery.error,
        facts=delivery.facts,
        due_at=delivery.due_at,
        handled_at=delivery.handled_at,
    )


def again(delivery: Delivery) -> None:
    """Process a delivery anew, whatever became of it; wakes the worker once this is committed."""
    Delivery.objects.filter(pk=delivery.pk).update(
        state=Delivery.State.PENDING, attempts=0, due_at=timezone.now(), handled_at=None, error=""
    )
    transaction.on_commit(wake_drain)
