"""Successes and failures over time as the numbers of a small SVG: failures in front, the newest at the right."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 3  # of a bar with its gap, in the drawing's own units
HEIGHT = 24


@dataclass(frozen=True)
class Bar:
    """One span of time: where it stands, how high its calls and its failures reach (y counts from the top)."""

    x: int
    calls_y: float
    calls_height: float
    failures_y: float
    failures_height: float


@dataclass(frozen=True)
class Sparkline:
    """The bars of the spans that had any, and the size of the whole drawing."""

    width: int
    height: int
    bars: list[Bar]


def draw(spans: Sequence[tuple[int, int]]) -> Sparkline:
    """`spans` is how many went well and how many failed in each, the oldest first; the busiest fills the height."""
    most = max((ok + failed for ok, failed in spans), default=0)
    bars = [_bar(at, ok + failed, failed, most) for at, (ok, failed) in enumerate(spans) if ok or failed]
    return Sparkline(len(spans) * WIDTH, HEIGHT, bars)


def _bar(at: int, calls: int, failures: int, most: int) -> Bar:
    # At least two units high: one call beside a thousand must still be seen.
    high = max(2.0, round(HEIGHT * calls / most, 1))
    red = max(2.0, round(high * failures / calls, 1)) if failures else 0.0
    return Bar(at * WIDTH, round(HEIGHT - high, 1), high, round(HEIGHT - red, 1), red)
