"""Whether a failed attempt is made again, and after how long. https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/"""

import random
from dataclasses import dataclass

from integrations.errors import CircuitOpen, DeadlineExceeded, OutcomeUnknown, RateLimited, Retryable
from integrations.http import deadline, observe
from integrations.http.states import VendorState

BASE = 0.1  # seconds
CEILING = 5.0


@dataclass(frozen=True, kw_only=True)
class Call:
    """One thing asked of a vendor. Asking again does no more than asking once when its method is `idempotent`, or
    when it is `keyed` by an idempotency key. `tenant` is on whose behalf: tenants take turns when they must wait."""

    vendor: str
    operation: str
    idempotent: bool
    keyed: bool = False
    tenant: str = ""

    @property
    def repeatable(self) -> bool:
        return self.idempotent or self.keyed


def pause(call: Call, number: int, error: Retryable, attempts: int, state: VendorState) -> float | None:
    """Seconds until the next attempt after the `number`-th has failed; None: give the error to the caller.

    Full jitter, never sooner than the vendor asked, and never when the deadline comes first.
    """
    if number >= attempts or not _worth_it(call, error):
        return None
    wait = max(random.uniform(0.0, min(CEILING, BASE * 4.0**number)), error.retry_after or 0.0)  # noqa: S311  jitter
    if wait >= deadline.bounded(wait + 1.0):
        return None
    if not state.retry():
        observe.rejected(call.vendor, call.operation, "retry_budget")
        return None
    return wait


def _worth_it(call: Call, error: Retryable) -> bool:
    if isinstance(error, CircuitOpen | DeadlineExceeded):
        return False
    # Not done for certain (refused at the door, or never sent) is safe for every call.
    return call.repeatable or not isinstance(error, OutcomeUnknown) or isinstance(error, RateLimited)
