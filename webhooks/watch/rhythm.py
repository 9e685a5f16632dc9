"""How often a source usually speaks, learned from when it spoke, and whether it has been silent for too long.

Silence is measured on the source's own clock, which runs only in the hours of the week in which it is awake: a shop
that sells by day is not late at night, nor on Monday morning for the weekend. What arrives in one minute is one
arrival, so that a burst is not taken for a rhythm. The usual gap is the one that 19 of 20 gaps do not exceed: with a
median, a source that speaks at random would be called late once in eight gaps; so it is about once in eight thousand.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil

HOUR = 3600.0
WEEK_HOURS = 168
ENOUGH_GAPS = 12
ENOUGH_TIME = timedelta(days=1)  # an afternoon of trying things out is no rhythm
ENOUGH_WEEKS = 2  # before that, no hour of the week is known to be a quiet one
AWAKE_SHARE = 0.5  # of the weeks known, in which something came in this hour
EXPLAINED = 0.8  # of all arrivals must fall in the awake hours, else the week explains nothing
TIMES = 3
SHORTEST = timedelta(minutes=5)  # nobody is called late sooner: the watch itself looks once a minute


@dataclass(frozen=True)
class Rhythm:
    """What was learned of a source. `usual` is seconds on its own clock; `awake` the hours of the week it speaks in."""

    last: datetime
    usual: float
    awake: frozenset[int]

    def silence(self, now: datetime) -> float:
        """Seconds, on the source's own clock, since it last spoke."""
        return Clock(self.awake, self.last).at(now)

    def is_late(self, now: datetime) -> bool:
        """Whether it was silent for three times its usual gap; it never becomes so while its clock stands still."""
        return self.silence(now) > max(TIMES * self.usual, SHORTEST.total_seconds())


class Clock:
    """A clock that runs only in the awake hours of the week, and shows zero at `start`."""

    def __init__(self, awake: frozenset[int], start: datetime) -> None:
        self._awake = awake
        self._origin = _week(start)
        # Awake seconds from the week's begin to the begin of each of its hours, and to its end.
        self._before = [0.0]
        for hour in range(WEEK_HOURS):
            self._before.append(self._before[-1] + (HOUR if hour in awake else 0.0))
        self._zero = self._since_origin(start)

    def at(self, moment: datetime) -> float:
        """The clock's reading, in seconds."""
        return self._since_origin(moment) - self._zero

    def _since_origin(self, moment: datetime) -> float:
        seconds = (moment - self._origin).total_seconds()
        weeks, rest = divmod(seconds, WEEK_HOURS * HOUR)
        hour = int(rest // HOUR)
        within = rest - hour * HOUR if hour in self._awake else 0.0
        return weeks * self._before[-1] + self._before[hour] + within


def learn(arrivals: Sequence[datetime]) -> Rhythm | None:
    """The rhythm of these arrivals (ascending, one a minute at most); None while they are too few to have one."""
    if len(arrivals) <= ENOUGH_GAPS or arrivals[-1] - arrivals[0] < ENOUGH_TIME:
        return None
    awake = awake_hours(arrivals)
    clock = Clock(awake, arrivals[0])
    readings = [clock.at(moment) for moment in arrivals]
    gaps = sorted(after - before for before, after in pairwise(readings))
    return Rhythm(arrivals[-1], gaps[ceil(0.95 * len(gaps)) - 1], awake)


def awake_hours(arrivals: Sequence[datetime]) -> frozenset[int]:
    """The hours of the week in which the source usually speaks; all of them where no such habit shows."""
    everything = frozenset(range(WEEK_HOURS))
    weeks = (arrivals[-1] - arrivals[0]) / timedelta(weeks=1)
    if weeks < ENOUGH_WEEKS:
        return everything
    heard: dict[int, set[datetime]] = defaultdict(set)
    for moment in arrivals:
        heard[hour_of_week(moment)].add(_week(moment))
    awake = frozenset(hour for hour, in_weeks in heard.items() if len(in_weeks) >= AWAKE_SHARE * weeks)
    explained = sum(hour_of_week(moment) in awake for moment in arrivals)
    return awake if explained >= EXPLAINED * len(arrivals) else everything


def hour_of_week(moment: datetime) -> int:
    """0 is the hour from Monday midnight, UTC."""
    return moment.weekday() * 24 + moment.hour


def _week(moment: datetime) -> datetime:
    midnight = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    return midnight - timedelta(days=moment.weekday())
