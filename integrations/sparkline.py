"""Calls and failures of the last hour as the numbers of a small SVG: failures in front, the newest at the right."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 3  # of a bar with its gap, in the drawing's own units
HEIGHT = 24


@dataclass(frozen=True)
class Bar:
    """One minute: where it stands, how high its calls and its failures reach (y counts from the top)."""

    x: int
    calls_y: float
    calls_height: float
    failures_y: float
    failures_height: float


@dataclass(frozen=True)
class Sparkline:
    """The bars of the minutes that had calls, and the size of the whole drawing."""

    width: int
    height: int
    bars: list[Bar]


def draw(per_minute: Sequence[tuple[int, int]]) -> Sparkline:
    """`per_minute` is (calls, failures) of each minute, the oldest first; the busiest minute fills the height."""
    most = max((calls for calls, _ in per_minute), default=0)
    bars = [_bar(at, calls, failures, most) for at, (calls, failures) in enumerate(per_minute) if calls]
    return Sparkline(len(per_minute) * WIDTH, HEIGHT, bars)


def _bar(at: int, calls: int, failures: int, most: int) -> Bar:
    # At least two units high: one call beside a thousand must still be seen.
    high = max(2.0, round(HEIGHT * calls / most, 1))
    red = max(2.0, round(high * failures / calls, 1)) if failures else 0.0
    return Bar(at * WIDTH, round(HEIGHT - high, 1), high, round(HEIGHT - red, 1), red)
