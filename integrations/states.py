"""From what was observed of a vendor to its state, by one table: the first line that fits decides."""

from collections.abc import Callable
from dataclasses import dataclass

from integrations.models import Incident, State

FAILURES = 2  # probes that fail in a row before a vendor is down: one may be an accident
ENOUGH_CALLS = 10  # fewer say nothing about a rate
ENOUGH_FAILURES = 3  # and neither do one or two, however few the calls
ENOUGH_FOR_P95 = 60  # of fewer the 95th percentile is one or two calls: the median is taken instead
ERROR_RATE = 0.1

Kind = Incident.Kind


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What is known of a vendor at one moment; calls, failed and times are those of the last minutes.

    `code` is the last failed probe's; `refused` is how our credentials were refused, no call having ended well since.
    `circuit` is empty while calls are let through, else why they are not.
    """

    paused: bool = False
    contacted: bool = True
    failures: int = 0
    code: str = ""
    refused: str = ""
    circuit: str = ""
    trying: bool = False
    calls: int = 0
    failed: int = 0
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    slow_ms: float = 5000.0
    late: bool = False

    @property
    def down(self) -> str:
        """Why the vendor is down, as a code of `causes`; empty when it is not."""
        return self.circuit or (self.code if self.failures >= FAILURES else self.refused)

    @property
    def degraded(self) -> str:
        """Why it is not what it should be; empty when it is."""
        if self.trying:
            return "half_open"
        if self.calls < ENOUGH_CALLS:
            return ""
        if self.failed >= max(ENOUGH_FAILURES, ERROR_RATE * self.calls):
            return "error_rate"
        typical = self.p95_ms if self.calls >= ENOUGH_FOR_P95 else self.p50_ms
        return "slow" if typical >= self.slow_ms else ""


TABLE: tuple[tuple[State, Callable[[Observation], bool]], ...] = (
    # What staff hold open sends nothing, whether or not they have paused the probes as well.
    (State.DOWN, lambda seen: seen.circuit == "held_open"),
    (State.PAUSED, lambda seen: seen.paused),
    (State.DOWN, lambda seen: bool(seen.down)),
    (State.DEGRADED, lambda seen: bool(seen.degraded)),
    (State.LATE, lambda seen: seen.late),
    (State.NEW, lambda seen: not seen.contacted),
    (State.UP, lambda _seen: True),
)


def state(seen: Observation) -> State:
    """The state that these observations amount to."""
    return next(state for state, fits in TABLE if fits(seen))


def findings(seen: Observation) -> dict[Kind, str]:
    """Which incidents are due (their code) and which are over (empty). A kind that is left out stays as it is:

    a vendor that is paused is not judged, and one that is down cannot show that it is no longer degraded.
    """
    if seen.paused:
        return {}
    return {Kind.DOWN: seen.down} if seen.down else {Kind.DOWN: "", Kind.DEGRADED: seen.degraded}
