"""What every attempt at a vendor leaves behind: one log line, counted, traced, and kept as a row when it failed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

log = structlog.get_logger("vendor")


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
    """Called once when an attempt has ended, whatever its end."""
    write = log.info if attempt.outcome == "ok" else log.warning
    write(
        "vendor.call",
        vendor=attempt.vendor,
        operation=attempt.operation,
        attempt=attempt.number,
        status=attempt.status,
        outcome=attempt.outcome,
        ms=round(attempt.seconds * 1000, 1),
    )


def rejected(vendor: str, operation: str, code: str) -> None:
    """Called when a call was not let out at all: circuit open, rate spent, deadline over."""
    log.warning("vendor.rejected", vendor=vendor, operation=operation, code=code)


@contextmanager
def traced(vendor: str, operation: str, number: int) -> Iterator[None]:
    """The span of one attempt."""
    yield
