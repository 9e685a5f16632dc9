"""A crowd at a dead vendor's door; `python -m tests.integrations.http.stampede` has figures."""

from tests.integrations.http.circuits import OwnRedis
from tests.integrations.http.stampede import PERMITS, run


def test_all_are_shut_out_within_a_quarter_of_a_second(own_redis: OwnRedis) -> None:
    figures = run(own_redis, processes=8, threads=10, rounds=3)
    assert figures.broken == 0
    assert len(figures.shut) == 8
    assert max(figures.shut) < 0.25
    assert max(figures.most) <= PERMITS


def test_of_a_thousand_threads_in_fifty_processes_five_try_the_vendor(own_redis: OwnRedis) -> None:
    figures = run(own_redis, processes=50, threads=20, rounds=5)
    assert figures.broken == 0
    assert len(figures.most) >= 3
    assert max(figures.most) <= PERMITS
    assert max(figures.entered) <= PERMITS
