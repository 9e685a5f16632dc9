"""A server that is away is left alone: one tries it again, the less often the more that costs, until it is back."""

import pytest

from integrations.absence import COSTLY, LONGEST, Absence
from tests.integrations.http.circuits import Clock

QUICK, SLOW = COSTLY / 2, COSTLY * 2


@pytest.fixture
def clock() -> Clock:
    return Clock()


def lost(clock: Clock) -> Absence:
    absence = Absence(clock)
    absence.lose(False, SLOW)
    return absence


def waits(absence: Absence, clock: Clock, took: float, trials: int) -> list[float]:
    """After how many seconds, to the half, each of the next trials may go out; they all fail."""
    found = []
    for _ in range(trials):
        seconds = 0.0
        while not absence.may_try():
            clock.advance(0.5)
            seconds += 0.5
        absence.lose(True, took)
        found.append(seconds)
    return found


def test_the_first_loss_is_news_and_the_others_are_not(clock: Clock) -> None:
    absence = Absence(clock)
    assert (absence.lose(False, SLOW), absence.lost) == (True, True)
    assert not absence.lose(False, SLOW)
    clock.advance(1.0)
    assert absence.may_try()
    assert not absence.lose(True, SLOW)


def test_one_at_a_time_tries_again(clock: Clock) -> None:
    absence = lost(clock)
    assert not absence.may_try()
    clock.advance(1.0)
    assert [absence.may_try() for _ in range(3)] == [True, False, False]


def test_one_that_tries_and_never_says_what_came_of_it_is_followed_by_another(clock: Clock) -> None:
    absence = lost(clock)
    clock.advance(1.0)
    assert absence.may_try()
    clock.advance(1.0)
    assert absence.may_try()


def test_trying_that_costs_time_grows_rare(clock: Clock) -> None:
    assert waits(lost(clock), clock, SLOW, 7) == [1.0, 2.0, 4.0, 8.0, 16.0, LONGEST, LONGEST]


def test_trying_that_costs_nothing_goes_on_every_second(clock: Clock) -> None:
    assert waits(lost(clock), clock, QUICK, 7) == [1.0] * 7


def test_those_under_way_when_it_was_lost_neither_count_nor_put_off_the_trial(clock: Clock) -> None:
    absence = lost(clock)
    clock.advance(0.9)
    for _ in range(5):
        absence.lose(False, SLOW)
    clock.advance(0.1)
    assert absence.may_try()


def test_once_it_answers_it_is_back_and_the_next_loss_begins_anew(clock: Clock) -> None:
    absence = lost(clock)
    waits(absence, clock, SLOW, 4)
    assert absence.find()
    assert (absence.find(), absence.lost) == (False, False)
    assert absence.lose(False, SLOW)
    assert waits(absence, clock, SLOW, 2) == [1.0, 2.0]
