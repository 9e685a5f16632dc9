"""What every attempt at a vendor leaves behind: one log line, counted, traced, and kept as a row when it failed."""

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass

import structlog

from integrations import tracing
from integrations.correlation import request_id
from integrations.http import metrics
from integrations.http.journal import Failure, journal
from integrations.masking import masked

log = structlog.get_logger("vendor")

EXCERPT = 500
# Not done, and yet an answer: a vendor that says "no such thing" all day long is well.
WELL = frozenset({"ok", "not_found"})


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One request that left, or was to leave. `outcome` is `ok` or the error's code; `status` None for no answer.

    `number` counts from 1; `excerpt` is what of the vendor's words is safe to keep, secrets masked.
    """

    vendor: str
    operation: str
    number: int
    outcome: str
    seconds: float
    status: int | None = None
    excerpt: str = ""


def attempted(attempt: Attempt) -> None:
    """Called once when an attempt has ended, whatever its end; within its span when there is one. Never raises."""
    try:
        _count(attempt)
    except Exception as error:  # noqa: BLE001  watching a call must not make it fail
        log.error("vendor.not_counted", vendor=attempt.vendor, error=repr(error))
    _tell(attempt)


def _count(attempt: Attempt) -> None:
    vendor, operation, outcome = attempt.vendor, attempt.operation, attempt.outcome
    metrics.attempts.count(vendor, operation, outcome)
    metrics.seconds.observe(attempt.seconds, vendor, operation)
    if attempt.number > 1:
        metrics.retries.count(vendor, operation)
    milliseconds = attempt.seconds * 1000
    journal.count(vendor, outcome in WELL, milliseconds)
    if outcome != "ok":
        journal.keep(_failure(attempt, int(milliseconds)))
    if tracing.on():
        tracing.annotate(attempt.status, "" if outcome == "ok" else outcome)


def _failure(attempt: Attempt, milliseconds: int) -> Failure:
    return Failure(
        vendor=attempt.vendor,
        operation=attempt.operation,
        status=attempt.status,
        outcome=attempt.outcome,
        latency_ms=max(0, milliseconds),
        attempt=attempt.number,
        request_id=request_id(),
        # Masked by the thread that writes it; a whole page of HTML is not carried until then.
        excerpt=attempt.excerpt[: 4 * EXCERPT],
        at=time.time(),
    )


def _tell(attempt: Attempt) -> None:
    words = {
        "vendor": attempt.vendor,
        "operation": attempt.operation,
        "attempt": attempt.number,
        "status": attempt.status,
        "outcome": attempt.outcome,
        "ms": round(attempt.seconds * 1000, 1),
    }
    if attempt.outcome == "ok":
        # Counted and traced already: a line for each would be most of what the guard costs.
        log.debug("vendor.call", **words)
        return
    if attempt.excerpt:
        words["excerpt"] = masked(attempt.excerpt, EXCERPT)
    if attempt.status == 403 or attempt.outcome == "forbidden":
        log.error("vendor.forbidden", security=True, **words)
    else:
        log.warning("vendor.call", **words)


def rejected(vendor: str, operation: str, code: str) -> None:
    """Called when a call was not let out at all: circuit open, rate spent, deadline over.

    All are counted. The first of its sort is told at once, the others every few seconds as a number: an outage
    rejects thousands a second, and their lines would cost more than the calls.
    """
    if journal.reject(vendor, operation, code):
        log.warning("vendor.rejected", vendor=vendor, operation=operation, code=code)


def traced(vendor: str, operation: str, number: int) -> AbstractContextManager[None]:
    """The span of one attempt."""
    return tracing.of_attempt(vendor, operation, number)
