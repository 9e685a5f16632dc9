"""What came of tries, written down: the log, the message's fate, and how its endpoint is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet

from webhooks import metrics
from webhooks.endpoints import health
from webhooks.endpoints.parcels import Outcome
from webhooks.endpoints.schedule import wait_after
from webhooks.models import Attempt, Endpoint, Message

log = structlog.get_logger("endpoints")


def record(outcomes: Sequence[Outcome], now: datetime) -> None:
    """Write them in one transaction. Outcomes of endpoints that were deleted meanwhile are of no interest any more."""
    with transaction.atomic():
        # Messages before endpoints, each in order: as a deletion locks them, and as every other recorder does.
        known = _locked(Message.objects.only("pk"), Q(pk__in={outcome.parcel.message for outcome in outcomes}))
        kept = [outcome for outcome in outcomes if outcome.parcel.message in known]
        Attempt.objects.bulk_create(map(_attempt, kept), ignore_conflicts=True)
        for outcome in kept:
            _settle(outcome, now)
        _judge(kept, now)
    for outcome in outcomes:
        _tell(outcome)


def _locked(rows: QuerySet[Any], which: Q) -> dict[int, Any]:
    return {row.pk: row for row in rows.filter(which).order_by("pk").select_for_update()}


def _settle(outcome: Outcome, now: datetime) -> None:
    parcel, fate = outcome.parcel, _fate(outcome, now)
    # The fence: only the latest claimant of a waiting message may write its fate.
    Message.objects.filter(pk=parcel.message, attempts=parcel.number, state=Message.State.WAITING).update(**fate)


def _fate(outcome: Outcome, now: datetime) -> dict[str, Any]:
    tries = outcome.parcel.tries + 1
    if outcome.ok:
        return {"state": Message.State.DELIVERED, "tries": tries, "done_at": now, "error": ""}
    final = outcome.parcel.is_test or outcome.is_ours or outcome.code == "gone"
    wait = None if final else wait_after(tries, outcome.asked)
    if wait is None:
        return {"state": Message.State.FAILED, "tries": tries, "done_at": now, "error": outcome.words}
    return {"tries": tries, "due_at": now + wait, "error": outcome.words}


def _judge(outcomes: Sequence[Outcome], now: datetime) -> None:
    """The endpoints that failed, or are failing: one that is well and stays so is not locked."""
    outcomes = [one for one in outcomes if not one.is_ours]
    failed = Q(pk__in={one.parcel.endpoint for one in outcomes if not one.ok})
    # Also one that began to fail after this try of it was taken.
    failing = Q(pk__in={one.parcel.endpoint for one in outcomes if one.ok}, failing_since__isnull=False)
    endpoints: dict[int, Endpoint] = _locked(Endpoint.objects.defer("events"), failed | failing)
    for outcome in sorted(outcomes, key=lambda one: one.at):
        endpoint = endpoints.get(outcome.parcel.endpoint)
        # What the server of before said, tells nothing about an endpoint that has moved meanwhile.
        if endpoint and endpoint.url == outcome.parcel.url:
            health.note(endpoint, outcome, now)
    for endpoint in endpoints.values():
        endpoint.save(update_fields=["state", "since", "reason", "failing_since", "failures", "notices"])


def _attempt(outcome: Outcome) -> Attempt:
    parcel = outcome.parcel
    return Attempt(
        message_id=parcel.message,
        number=parcel.number,
        at=outcome.at,
        ms=outcome.ms,
        url=parcel.url,
        address=outcome.address,
        status=outcome.status,
        code=outcome.code,
        words=outcome.words,
        request_headers=parcel.headers,
        response_headers=outcome.headers,
        response_body=outcome.body,
    )


def _tell(outcome: Outcome) -> None:
    metrics.attempts.count(outcome.code or "ok")
    metrics.attempt_seconds.observe(outcome.ms / 1000, "ok" if outcome.ok else "failed")
    parcel = outcome.parcel
    write = log.info if outcome.ok else log.warning
    write(
        "endpoint.attempt",
        message=parcel.message,
        endpoint=parcel.endpoint,
        attempt=parcel.number,
        status=outcome.status,
        code=outcome.code,
        ms=outcome.ms,
        request_id=parcel.request_id,
        identifier=parcel.headers.get("webhook-id", ""),
    )
