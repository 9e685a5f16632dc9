"""What the tests of the circuit stand on: clocks that they move, and circuits over a Redis of their own."""

from collections.abc import Callable
from typing import Any

from integrations.http.policy import BreakerPolicy, Policy
from integrations.http.shared import SharedState
from integrations.http.states import Mode, Outcome, Permit, Refusal, VendorState
from integrations.http.wire import Script, Wire
from tests.ownredis import OwnRedis

PATIENCE = 60.0  # with a Redis that lives, however busy this machine is
HASTY = 1.0  # where it is to hang


class Clock:
    """Seconds that pass when told. The odd start keeps whole seconds and half intervals away from the edges."""

    def __init__(self, start: float = 1_700_000_000.000137) -> None:
        self.now = start

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class DrivenWire(Wire):
    """Tells Redis what time it is, and keeps what was asked last and whether it was answered."""

    def __init__(
        self, url: str, server_clock: Callable[[], float], clock: Callable[[], float], patience: float = PATIENCE
    ) -> None:
        super().__init__(url, patience, clock)
        self._server_clock = server_clock
        self.arguments, self.answered = "", False

    def script(self, source: str, keys: list[str]) -> Script:
        return Driven(self, source, keys)


class Driven(Script):
    """Runs with the time that the test says. What is told is waited for, so that the next step finds it done."""

    _wire: DrivenWire

    def __call__(self, operation: str, arguments: str) -> list[Any]:  # type: ignore[override]
        wire = self._wire
        wire.arguments, wire.answered = arguments, False
        reply = super().__call__(operation, arguments, str(round(wire._server_clock() * 1_000_000)))
        wire.answered = reply[0] != b"unknown"  # an emptied Redis has nothing to say to what is told in passing
        return reply

    def tell(self, operation: str, arguments: str) -> None:  # type: ignore[override]
        self(operation, arguments)


def policy(*, attempt: float = 3.0, rate: float = 0.0, **breaker: Any) -> Policy:
    """A policy without a rate limit unless it is asked for; the breaker's numbers are the usual ones."""
    return Policy(attempt=attempt, rate=rate, burst=5, breaker=BreakerPolicy(**breaker))


def shared(
    server: OwnRedis,
    granted: Policy,
    clock: Clock,
    node: str = "one",
    slug: str = "acme",
    patience: float = PATIENCE,
) -> SharedState:
    """A process of its own, as far as the cluster can see."""
    return SharedState(slug, granted, DrivenWire(server.url, clock, clock, patience), clock, node)


def let_out(state: VendorState) -> Permit:
    leave = state.admit()
    assert isinstance(leave, Permit), leave
    return leave


def refused(state: VendorState, why: str = "open") -> Refusal:
    leave = state.admit()
    assert isinstance(leave, Refusal), leave
    assert leave.why == why
    return leave


def call(state: VendorState, outcome: Outcome, times: int = 1, seconds: float = 0.01) -> None:
    for _ in range(times):
        state.record(let_out(state), outcome, seconds)


def fail(state: VendorState, times: int = 1) -> None:
    call(state, Outcome.FAILED, times)


def succeed(state: VendorState, times: int = 1) -> None:
    call(state, Outcome.OK, times)


def opened(state: VendorState, failures: int = 10) -> VendorState:
    """The same circuit, opened by at most so many `failures`."""
    while failures and state.look().state == "closed":
        fail(state)
        failures -= 1
    assert state.look().state == "open"
    return state


def half_opened(state: VendorState, clock: Clock, after: float = 30.0) -> Permit:
    """The first of the trials, once the time of being open is over."""
    clock.advance(after)
    trial = let_out(state)
    assert state.look().state == "half_open"
    return trial


AUTO, OPEN, CLOSED, DISABLED, WATCH = Mode.AUTO, Mode.OPEN, Mode.CLOSED, Mode.DISABLED, Mode.WATCH
