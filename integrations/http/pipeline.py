"""What stands around every attempt at a vendor, outermost first:

deadline → budget → limiter → breaker → retry → attempt's time → transport

The deadline bounds all of it, sleeps included. Each attempt pays the limiter and passes the breaker; what counts
as a failure of the vendor, and what is worth another attempt, is in `meaning.py` and `retry.py`.
"""

import random
import time
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from integrations.errors import CircuitOpen, IntegrationError, Retryable, Unauthorized
from integrations.http import deadline, observe
from integrations.http.meaning import hold_of, outcome_of
from integrations.http.observe import Attempt
from integrations.http.policy import Policy, policy_of
from integrations.http.retry import Call, pause
from integrations.http.state import state_of
from integrations.http.states import Outcome, Permit, VendorState
from integrations.http.turns import Turns

T = TypeVar("T")
Prove = Callable[[], object]
Renew = Callable[[], bool]
sleep = time.sleep
SPREAD = 1.0  # seconds over which those come back who were told to come back at the same moment


def guarded(call: Call, attempt: Callable[[], T], prove: Prove | None = None, renew: Renew | None = None) -> T:
    """The result of `attempt`, made as often as is right; its last error when it never succeeds.

    `attempt` raises our own errors (`integrations.errors`) and keeps within `deadline.remaining()`. `prove` gets the
    credentials ready, before the attempt has a permit; `renew` gets newer ones after an `Unauthorized`, once.
    """
    policy, state = policy_of(call.vendor), state_of(call.vendor)
    with deadline.within(policy.deadline):
        number = 1
        while True:
            if prove:
                prove()
            permit = _permit(call, policy, state)
            try:
                return _once(call, number, policy, state, permit, attempt)
            except Retryable as error:
                wait = pause(call, number, error, policy.attempts, state)
                if wait is None:
                    raise
                sleep(wait)
            except Unauthorized:
                if renew is None or not renew():
                    raise
                renew = None
            number += 1


def _once(call: Call, number: int, policy: Policy, state: VendorState, permit: Permit, attempt: Callable[[], T]) -> T:
    granted = deadline.bounded(policy.attempt)
    with deadline.within(granted), observe.traced(call.vendor, call.operation, number):
        started = time.perf_counter()
        outcome, failure, status = Outcome.NONE, None, None
        try:
            result = attempt()
            outcome, status = Outcome.OK, getattr(result, "status", None)
            return result
        except IntegrationError as error:
            outcome, failure, status = outcome_of(error), error, error.status
            raise
        finally:
            seconds = time.perf_counter() - started
            if granted < policy.attempt and seconds >= granted and status is None:
                outcome = Outcome.NONE  # the caller was in haste: that says nothing about the vendor
            # Whatever happened: a permit that is not given back would be missing from the few there are.
            state.record(permit, outcome, seconds, hold_of(failure))
            observe.attempted(_told(call, number, failure, outcome, seconds, status))


def _permit(call: Call, policy: Policy, state: VendorState) -> Permit:
    try:
        deadline.require(call.vendor)
        return _turns(call.vendor, policy.waiting).take(call.tenant, lambda: _ask(call, state))
    except IntegrationError as error:
        observe.rejected(call.vendor, call.operation, error.code)
        raise


def _ask(call: Call, state: VendorState) -> tuple[Permit | None, float]:
    leave = state.admit()
    if isinstance(leave, Permit):
        return leave, 0.0
    if leave.why == "open":
        wait = leave.wait + random.uniform(0.0, SPREAD)  # noqa: S311  jitter, no secret
        raise CircuitOpen(f"{call.vendor} has been failing and is left alone for now", wait)
    return None, leave.wait


@cache
def _turns(vendor: str, most: int) -> Turns:  # noqa: ARG001  one queue a vendor
    return Turns(most)


def _told(
    call: Call, number: int, failure: IntegrationError | None, outcome: Outcome, seconds: float, status: int | None
) -> Attempt:
    return Attempt(
        vendor=call.vendor,
        operation=call.operation,
        number=number,
        outcome=failure.code if failure else "ok" if outcome is Outcome.OK else "broken",
        seconds=seconds,
        status=status,
        excerpt=str(failure) if failure else "",
    )
