"""One vendor's state in this process alone: where there is no Redis, and while it is away."""

import threading
import time
from collections.abc import Callable

from integrations.http.breaker import Breaker
from integrations.http.budget import Budget
from integrations.http.limiter import Limiter
from integrations.http.policy import Policy
from integrations.http.states import Look, Mode, Outcome, Permit, Refusal, Seed, State

LEASE_MARGIN = 2.0  # seconds that a trial's lease outlives its attempt's time
HOLD_AT_MOST = 60.0  # seconds: a vendor that asks for a day is asked again each minute


class LocalState:
    """`VendorState` in memory, safe to share between threads. `clock` gives seconds."""

    def __init__(self, policy: Policy, clock: Callable[[], float] = time.monotonic, vendor: str = "") -> None:
        self._clock, self._slow = clock, policy.breaker.slow
        self._lock = threading.Lock()
        self._breaker = Breaker(policy.breaker, policy.attempt + LEASE_MARGIN, vendor)
        self._limiter = Limiter(policy.rate, policy.burst)
        self._budget = Budget(policy.retry_tokens, policy.retry_ratio, policy.retry_refill, clock())
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
            self._learn(now, outcome, hold)
            self._breaker.record(now, permit, outcome, self._is_slow(seconds))

    def _learn(self, now: float, outcome: Outcome, hold: float) -> None:
        if hold:
            self._gate = max(self._gate, now + min(hold, HOLD_AT_MOST))
        if outcome is Outcome.OK:
            self._budget.earn(now)

    def _is_slow(self, seconds: float) -> bool:
        return self._slow is not None and seconds >= self._slow

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
                tokens=self._budget.left,
                shared=False,
            )

    # What the shared state keeps warm here, for the moment when it is gone

    @property
    def generation(self) -> int:
        return self._breaker.generation

    def charge(self) -> None:
        """The shared state has let a call out."""
        with self._lock:
            self._limiter.take(self._clock())

    def count(self, permit: Permit, outcome: Outcome, seconds: float, hold: float) -> None:
        """The shared state has judged an outcome: here it is only counted."""
        with self._lock:
            now, breaker = self._clock(), self._breaker
            self._learn(now, outcome, hold)
            counts = outcome is not Outcome.NONE and breaker.mode is not Mode.DISABLED
            if counts and breaker.state is State.CLOSED and permit.generation == breaker.generation:
                breaker.window.add(now, outcome is Outcome.FAILED, self._is_slow(seconds))

    def hold(self, seconds: float) -> None:
        """The shared gate is closed for so long."""
        with self._lock:
            self._gate = max(self._gate, self._clock() + seconds)

    def afford(self, tokens: float) -> None:
        """What the shared budget has left."""
        with self._lock:
            self._budget.left = tokens

    def adopt(self, state: State, mode: Mode, generation: int, wait: float, opened: int) -> None:
        """Go on from the shared state: half-open there is open here, and due, for its trials are not ours to give."""
        with self._lock:
            here = State.OPEN if state is State.HALF_OPEN else state
            self._breaker.adopt(here, mode, generation, self._clock() + wait, opened)

    def seed(self) -> Seed:
        """What an empty shared state starts from."""
        with self._lock:
            now, breaker = self._clock(), self._breaker
            return Seed(
                mode=breaker.mode,
                open=None if breaker.state is State.CLOSED else max(0.0, breaker.until - now),
                opened=breaker.opened,
                gate=max(0.0, self._gate - now),
                debt=self._limiter.debt(now),
                tokens=self._budget.left,
            )
