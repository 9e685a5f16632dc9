"""What a source's rhythm is learned to be, and when silence is late: by the source's own clock."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from webhooks.watch.rhythm import learn

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def every(gap: timedelta, *, days: float, start: datetime = MONDAY) -> list[datetime]:
    return [start + number * gap for number in range(int(timedelta(days=days) / gap) + 1)]


def office_hours(weeks: int) -> Iterator[datetime]:
    """Every 20 minutes from 9 to 17 on workdays."""
    for day in range(weeks * 7):
        if day % 7 < 5:
            yield from (MONDAY + day * DAY + 9 * HOUR + number * 20 * MINUTE for number in range(24))


def test_a_steady_source_is_late_after_three_of_its_gaps_and_not_sooner() -> None:
    rhythm = learn(every(20 * MINUTE, days=2))
    assert rhythm
    assert rhythm.usual == 1200
    assert not rhythm.is_late(rhythm.last + 60 * MINUTE)
    assert rhythm.is_late(rhythm.last + 61 * MINUTE)


def test_too_few_arrivals_have_no_rhythm() -> None:
    assert learn([]) is None
    assert learn(every(140 * MINUTE, days=1.1)) is None  # 11 gaps
    assert learn(every(2 * HOUR, days=1)) is not None  # 12 gaps


def test_an_afternoon_of_trying_things_out_is_no_rhythm() -> None:
    assert learn(every(MINUTE, days=0.25)) is None


def test_a_burst_does_not_make_the_source_look_fast() -> None:
    burst = every(MINUTE, days=0.01, start=MONDAY + DAY)
    rhythm = learn(sorted({*every(30 * MINUTE, days=3), *burst}))
    assert rhythm
    assert rhythm.usual == 1800


def test_a_fast_source_is_given_five_minutes_all_the_same() -> None:
    rhythm = learn(every(MINUTE, days=1))
    assert rhythm
    assert not rhythm.is_late(rhythm.last + 5 * MINUTE)
    assert rhythm.is_late(rhythm.last + 6 * MINUTE)


def test_a_source_that_sleeps_is_not_late_in_its_night_nor_for_it_in_the_morning() -> None:
    rhythm = learn(list(office_hours(4)))
    assert rhythm
    assert rhythm.usual == 1200
    friday = datetime(2026, 11, 27, 16, 40, tzinfo=UTC)
    assert rhythm.last == friday
    for minutes in range(0, 64 * 60, 25):
        assert not rhythm.is_late(friday + minutes * MINUTE), minutes
    monday = datetime(2026, 11, 30, 9, tzinfo=UTC)
    assert not rhythm.is_late(monday + 39 * MINUTE)  # 20 minutes on Friday and 39 today
    assert rhythm.is_late(monday + 41 * MINUTE)


def test_a_source_that_was_late_in_the_evening_is_so_all_night() -> None:
    noon = MONDAY + 18 * DAY + 12 * HOUR  # a Friday
    rhythm = learn([moment for moment in office_hours(3) if moment <= noon])
    assert rhythm
    assert not rhythm.is_late(noon + 60 * MINUTE)
    assert all(rhythm.is_late(noon + hours * HOUR) for hours in (2, 8, 20, 60))


def test_before_two_weeks_no_hour_counts_as_a_quiet_one() -> None:
    rhythm = learn(list(office_hours(2))[:-120])
    assert rhythm
    assert len(rhythm.awake) == 168


def test_a_source_without_a_habit_is_awake_at_every_hour() -> None:
    chance = random.Random(7)
    rhythm = learn(sorted(MONDAY + chance.randrange(40_320) * MINUTE for _ in range(60)))
    assert rhythm
    assert len(rhythm.awake) == 168


def test_a_source_that_speaks_at_random_is_hardly_ever_called_late() -> None:
    chance = random.Random(11)
    moment, arrivals = MONDAY, []
    for _ in range(4000):
        moment += timedelta(minutes=max(1, round(chance.expovariate(1 / 30))))
        arrivals.append(moment)
    rhythm = learn(arrivals[:500])
    assert rhythm
    alarms = sum(3 * rhythm.usual < (after - before).total_seconds() for before, after in pairwise(arrivals))
    assert alarms <= 4
