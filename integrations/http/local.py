"""One vendor's state in this process alone: where there is no Redis, and while it is away."""

import threading
import time
from collections.abc import Callable

from integrations.http.breaker import Breaker
from integrations.http.budget import Budget
from integrations.http.limiter import Limiter
from integrations.http.policy import Policy
from integrations.http.states import Look, Mode, Outcome, Permit, Refusal, State

LEASE_MARGIN = 2.0  # seconds that a trial's lease outlives its attempt's time
HOLD_AT_MOST = 60.0  # seconds: a vendor that asks for a day is asked again each minute


class LocalState:
    """`VendorState` in memory, safe to share between threads. `clock` gives seconds."""

    def __init__(self, policy: Policy, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._slow = clock, policy.breaker.slow
        self._lock = threading.Lock()
        self._breaker = Breaker(policy.breaker, policy.attempt + LEASE_MARGIN)
        self._limiter = Limiter(policy.rate, policy.burst)
        self._budget = Budget(policy.retry_tokens, policy.retry_ratio)
        self._gate = 0.0

    def admit(self) -> Permit | Refusal:
        with self._lock:
            now = self._clock()
            refusal = self._refusal(now)
            if refusal:
                return refusal
            self._limiter.take(now)
            return self._breaker.permit(now)

    def _refusal(self, now: float) -> Refusal | None:
        # The circuit first: a call that is not let out must not cost a token.
        if refusal := self._breaker.admit(now):
            return refusal
        if self._gate > now:
            return Refusal("gate", self._gate - now)
        wait = self._limiter.wait(now)
        return Refusal("rate", wait) if wait > 0 else None

    def record(self, permit: Permit, outcome: Outcome, seconds: float, hold: float = 0.0) -> None:
        with self._lock:
            now = self._clock()
            if hold:
                self._gate = max(self._gate, now + min(hold, HOLD_AT_MOST))
            if outcome is Outcome.OK:
                self._budget.earn()
            self._breaker.record(now, permit, outcome, self._slow is not None and seconds >= self._slow)

    def retry(self) -> bool:
        with self._lock:
            return self._budget.spend()

    def order(self, mode: Mode) -> None:
        with self._lock:
            self._breaker.order(mode)

    def look(self) -> Look:
        with self._lock:
            now, breaker = self._clock(), self._breaker
            breaker.window.roll(now)
            return Look(
                state=breaker.state,
                mode=breaker.mode,
                generation=breaker.generation,
                calls=breaker.window.calls,
                failures=breaker.window.failures,
                slow=breaker.window.slow,
                opens_in=max(0.0, breaker.until - now) if breaker.state is State.OPEN else 0.0,
                leases=sum(ends > now for ends in breaker.leases.values()),
                gate=max(0.0, self._gate - now),
                tokens=self._budget.tokens,
                shared=False,
            )

    # What the shared state keeps warm here, for the moment when it is gone

    def count(self, outcome: Outcome, seconds: float) -> None:
        """An outcome that the shared state has judged: only counted."""
        with self._lock:
            if outcome is not Outcome.NONE:
                slow = self._slow is not None and seconds >= self._slow
                self._breaker.window.add(self._clock(), outcome is Outcome.FAILED, slow)

    def adopt(self, state: State, mode: Mode, wait: float, opened: int) -> None:
        """Go on from the shared state: half-open there is open here, and due, for its trials are not ours to give."""
        with self._lock:
            here = State.OPEN if state is State.HALF_OPEN else state
            self._breaker.adopt(here, mode, self._clock() + wait, opened)

    def seed(self) -> tuple[Mode, float, int]:
        """What an empty shared state starts from: mode, seconds still open, openings in a row."""
        with self._lock:
            breaker = self._breaker
            left = max(0.0, breaker.until - self._clock()) if breaker.state is State.OPEN else 0.0
            return breaker.mode, left, breaker.opened
