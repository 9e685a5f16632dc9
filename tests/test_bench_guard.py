"""The guard's benchmark: its arithmetic, and the vendor that counts."""

from itertools import count
from typing import Any

import pytest

from bench import guard, rounds
from bench.outage import CALLS, PLAIN, USUAL, Vendor, amplification, guarded_by
from bench.report import Line
from bench.rounds import Timing
from integrations.errors import Retryable

FOUND: dict[str, Any] = {
    "amplification, retries": 3.0,
    "amplification, budget": 1.1,
    "amplification, budget and breaker": 1.2,
    "storm, retries": {"while_down": 300, "at_once": 9, "served": 2.0},
    "storm, guard": {"while_down": 60, "at_once": 3, "served": 1.0},
}


def _timings(**usual: float) -> dict[str, Timing]:
    names = {name for pair in guard.COSTS for name in pair[:2]} | {"httpx2"}
    return {name: Timing([usual.get(name.replace(" ", "_"), 1.0)]) for name in names}


def _line(lines: list[Line], words: str) -> Line:
    (found,) = (line for line in lines if words in line.what)
    return found


def test_a_timing_knows_its_usual_and_its_calmest_round() -> None:
    timing = Timing([4.0, 9.0, 3.0, 5.0, 90.0])
    assert (timing.usual, timing.calmest) == (5.0, 3.0)


def test_a_round_is_the_median_duration_in_microseconds() -> None:
    """One call in ten is disturbed, and a round has the calls it needs however short it is."""
    now, calls = [0.0], count(1)

    def do() -> None:
        now[0] += 1.0 if next(calls) % 10 == 0 else 0.002

    assert rounds._round(do, 0.0, lambda: now[0]) == pytest.approx(2000)
    assert next(calls) > rounds.LEAST


def test_contenders_take_turns() -> None:
    """A disturbance of a second meets all of them, and not one alone."""
    called: list[str] = []
    timings = rounds.compete({name: lambda name=name: called.append(name) for name in "ab"}, 0.0, rounds=3)
    turns = [name for place, name in enumerate(called) if place == 0 or called[place - 1] != name]
    assert turns == ["a", "b"] * 3
    assert [len(timing.rounds) for timing in timings.values()] == [3, 3]


def test_a_cost_is_met_up_to_its_goal_and_missed_above_it() -> None:
    lines = guard.costs(_timings(guard=15.0, guard_refusing=5.1, httpx2=60.1))
    assert _line(lines, "guard, beside pybreaker").met
    assert not _line(lines, "guard refusing").met
    assert _line(lines, "httpx2").met
    assert not _line(guard.costs(_timings(guard=15.0, httpx2=60.0)), "httpx2").met


def test_without_redis_nothing_is_said_of_it() -> None:
    lines = guard.costs(_timings()) + guard.worth(FOUND)
    assert not [line.what for line in lines if "Redis" in line.what or "processes" in line.what]


def test_the_last_process_to_refuse_decides() -> None:
    lines = guard.worth({**FOUND, "crossing": [0.01, 0.251, 0.02]})
    assert not _line(lines, "processes").met
    assert _line(lines, "processes").measured == pytest.approx(251)
    assert _line(guard.worth({**FOUND, "crossing": [0.01, 0.25]}), "processes").met


def test_amplification_is_held_against_its_bound() -> None:
    lines = guard.worth(FOUND)
    assert _line(lines, "with budget, ").met
    assert not _line(lines, "with budget and breaker").met


def test_plain_retries_treble_an_outage_and_the_guard_does_not() -> None:
    """The vendor counts what reaches it; the breaker stops even first attempts."""
    assert amplification(PLAIN) == 3.0
    assert 10 / CALLS <= amplification(guarded_by("bench-outage", USUAL)) < 0.2


def test_the_vendor_counts_requests_and_fails_until_it_recovers() -> None:
    vendor = Vendor()
    with pytest.raises(Retryable):
        vendor.answer()
    assert vendor.recover() == 1
    vendor.answer()
    assert (vendor.requests, vendor.most, vendor.inside) == (2, 1, 0)


def test_a_vendor_that_does_not_fail_in_an_outage_is_an_error() -> None:
    """Else the figure would be of something else."""
    with pytest.raises(AssertionError):
        amplification(lambda _do: lambda: None)
