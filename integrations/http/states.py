"""The words that the local and the shared circuit have in common, and the line in the log when one changes."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

import structlog

log = structlog.get_logger("circuit")


class State(StrEnum):
    """Whether calls go out: all, none, or a few to try."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Mode(StrEnum):
    """Who decides: the breaker, or staff. `WATCH` changes state but stops nobody; `DISABLED` does not even count."""

    AUTO = "auto"
    OPEN = "open"
    CLOSED = "closed"
    DISABLED = "disabled"
    WATCH = "watch"


def tell_change(vendor: str, state: State, mode: Mode) -> None:
    """One line for each change; an opening is what somebody has to know."""
    write = log.warning if State.OPEN in (state, mode) else log.info
    write("circuit.changed", vendor=vendor, state=str(state), mode=str(mode))


class Outcome(StrEnum):
    """What a call says of the vendor's health. `NONE`: nothing, it was our own doing."""

    OK = "ok"
    FAILED = "fail"
    NONE = "none"


class Permit(NamedTuple):
    """Leave for one attempt. An outcome counts only for the `generation` it was let out in."""

    generation: int
    lease: str = ""


class Refusal(NamedTuple):
    """No leave: `why` is `open`, `gate` (the vendor told us to wait) or `rate`; `wait` is in seconds."""

    why: str
    wait: float


@dataclass(frozen=True, kw_only=True)
class Look:
    """What there is to see of one vendor's circuit. `opens_in`: seconds until it is tried again, 0 when not open."""

    state: State
    mode: Mode
    generation: int
    calls: int
    failures: int
    slow: int
    opens_in: float
    leases: int
    gate: float
    tokens: float
    shared: bool

    @property
    def effective(self) -> State:
        """What becomes of a call: staff's order counts, and the breaker's own state only where it decides."""
        if self.mode is Mode.AUTO:
            return self.state
        return State.OPEN if self.mode is Mode.OPEN else State.CLOSED


class Seed(NamedTuple):
    """What one process knows, for a shared state that has lost it. Times are seconds left; `open` is None when closed,
    `opened` counts openings in a row, `debt` is what the limiter is short of being full."""

    mode: Mode
    open: float | None
    opened: int
    gate: float
    debt: float
    tokens: float


class VendorState(Protocol):
    """One vendor's gate, rate, circuit and retry budget, of this process or of the cluster."""

    def admit(self) -> Permit | Refusal:
        """Leave for one attempt, now."""

    def record(self, permit: Permit, outcome: Outcome, seconds: float, hold: float = 0.0) -> None:
        """How the attempt went and how long it took; `hold`: the vendor wants nothing for so many seconds."""

    def retry(self) -> bool:
        """Whether the budget grants one more attempt."""

    def order(self, mode: Mode) -> None:
        """Let staff decide, or with `AUTO` the breaker again, from a clean start."""

    def look(self) -> Look: ...
