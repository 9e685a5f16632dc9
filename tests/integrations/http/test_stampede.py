"""A crowd at the door of a vendor that dies; `python -m tests.integrations.http.stampede` has figures."""

from math import inf

import pytest

from tests.integrations.http.stampede import PERMITS, WELL_FOR, Figures, run
from tests.ownredis import OwnRedis

SOON = 0.25  # seconds
ROUNDS = 3


@pytest.fixture(scope="module")
def crowds() -> dict[float, Figures]:
    """One run serves the tests that look at different sides of it."""
    return {}


@pytest.fixture(params=[WELL_FOR, 0.0], ids=["that dies", "that was dead from the start"])
def figures(own_redis: OwnRedis, crowds: dict[float, Figures], request: pytest.FixtureRequest) -> Figures:
    """A thousand threads in fifty processes."""
    well_for: float = request.param
    if well_for not in crowds:
        crowds[well_for] = run(own_redis, processes=50, threads=20, rounds=ROUNDS, well_for=well_for)
    return crowds[well_for]


def test_once_the_circuit_has_opened_nobody_is_granted_a_call(figures: Figures) -> None:
    assert figures.broken == 0
    assert figures.early >= 20, "it was open before anybody had called"
    assert figures.late == 0
    assert max(figures.granted) <= 0


def test_whoever_asks_a_quarter_of_a_second_later_is_shut_out(figures: Figures) -> None:
    """Whoever asks: how long this machine lets one of a thousand threads wait until it goes out is not ours to say."""
    assert len(figures.answered) == len(figures.refused) == 50
    assert max(figures.begun) < SOON
    assert max(figures.refused) < inf


def test_of_a_thousand_threads_five_try_the_vendor(figures: Figures) -> None:
    assert len(figures.most) >= ROUNDS
    assert max(figures.most) <= PERMITS
    assert max(figures.entered) <= PERMITS
