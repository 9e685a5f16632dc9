"""When a vendor is left alone: a failure rate opens the circuit, time half-opens it, a few trials decide.

The shared twin of this machine is `circuit.lua`; the two are held to each other by tests.
"""

from itertools import count

from integrations.http.policy import BreakerPolicy
from integrations.http.states import Mode, Outcome, Permit, Refusal, State, tell_change
from integrations.http.window import Window

SOON = 1.0  # seconds after which it is worth asking again while the trials are under way


class Breaker:
    """The state machine. Times are seconds of the caller's clock. Not safe to share: its owner locks."""

    def __init__(self, policy: BreakerPolicy, lease: float, vendor: str = "") -> None:
        self._policy, self._lease, self._vendor = policy, lease, vendor
        self.window = Window(policy.window)
        self.state, self.mode, self.generation = State.CLOSED, Mode.AUTO, 0
        self.until = 0.0
        self.opened = 0
        self.leases: dict[str, float] = {}
        self._done = self._failed = 0
        self._names = count(1)

    def admit(self, now: float) -> Refusal | None:
        """Why no call may go out now; None when one may. It takes nothing yet."""
        if self.mode is Mode.OPEN:
            return Refusal("open", self._policy.open_for)
        if self.mode in (Mode.CLOSED, Mode.DISABLED) or self.state is State.CLOSED:
            return None
        if self.state is State.OPEN and now >= self.until:
            self._change(State.HALF_OPEN)
        if self.mode is Mode.WATCH:
            return None
        if self.state is State.OPEN:
            return Refusal("open", self.until - now)
        self.leases = {name: ends for name, ends in self.leases.items() if ends > now}
        return None if self._done + len(self.leases) < self._policy.permits else Refusal("open", SOON)

    def permit(self, now: float) -> Permit:
        """The leave itself, after `admit` had no objection; half-open it is one of a few, and ends by itself."""
        if self.state is not State.HALF_OPEN or self.mode is not Mode.AUTO:
            return Permit(self.generation)
        lease = f"local-{next(self._names)}"
        self.leases[lease] = now + self._lease
        return Permit(self.generation, lease)

    def record(self, now: float, permit: Permit, outcome: Outcome, slow: bool) -> None:
        """Count an outcome; one of an earlier generation, or of a lease that has ended, says nothing any more."""
        ends = self.leases.pop(permit.lease, 0.0)
        if permit.generation != self.generation or self.mode is Mode.DISABLED or outcome is Outcome.NONE:
            return
        failed = outcome is Outcome.FAILED
        if self.state is State.HALF_OPEN:
            if ends > now or self.mode is Mode.WATCH:
                self._try(now, failed or slow)
        elif self.state is State.CLOSED:
            self.window.add(now, failed, slow)
            if self.mode is not Mode.CLOSED and self._crossed():
                self._open(now)

    def order(self, mode: Mode) -> None:
        """Staff's decision; the breaker starts clean."""
        self.mode, self.opened = mode, 0
        self._change(State.CLOSED)

    def adopt(self, state: State, mode: Mode, generation: int, until: float, opened: int) -> None:
        """Go on from what another machine knows, in its generation: what is under way counts here as it would there."""
        self.mode, self.until, self.opened = mode, until, opened
        self._enter(state)
        self.generation = max(generation, self.generation)

    def _crossed(self) -> bool:
        window, policy = self.window, self._policy
        return window.calls >= policy.minimum and (
            window.failures >= policy.failure_rate * window.calls
            or (policy.slow is not None and window.slow >= policy.slow_rate * window.calls)
        )

    def _try(self, now: float, failed: bool) -> None:
        self._done += 1
        self._failed += failed
        if self._failed >= self._policy.failure_rate * self._policy.permits:
            self._open(now)
        elif self._done >= self._policy.permits:
            self.opened = 0
            self._change(State.CLOSED)

    def _open(self, now: float) -> None:
        longest = min(self._policy.open_for * 2.0 ** min(self.opened, 20), self._policy.open_at_most)
        # Jitter: what the moment is beyond its millisecond is as good as random, and both twins know it.
        self.until = now + longest * (0.9 + 0.1 * (round(now * 1_000_000) % 1000) / 1000)
        self.opened += 1
        self._change(State.OPEN)

    def _change(self, state: State) -> None:
        self._enter(state)
        tell_change(self._vendor, state, self.mode)

    def _enter(self, state: State) -> None:
        # Leases outlive the change: a trial that is still out burdens the vendor, whatever the others have shown.
        self.state = state
        self.generation += 1
        self._done = self._failed = 0
        if state is not State.HALF_OPEN:
            self.window.clear()
