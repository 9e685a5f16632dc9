"""How many retries a vendor is worth; for one process and for the cluster."""

import pytest

from integrations.http.states import Outcome
from tests.integrations.http.circuits import Clock, OwnRedis, call, fail, policy, shared, succeed
from tests.integrations.http.conftest import Make


def test_at_first_there_are_as_many_as_the_policy_says(make: Make) -> None:
    state = make(policy())
    assert [state.retry() for _ in range(12)] == [True] * 10 + [False] * 2


def test_ten_successes_earn_one_retry(make: Make) -> None:
    state = make(policy())
    while state.retry():
        pass
    succeed(state, 9)
    assert not state.retry()
    succeed(state, 2)  # tenths do not add up to exactly one
    assert state.retry()
    assert not state.retry()


def test_failures_and_silence_earn_nothing(make: Make) -> None:
    state = make(policy(minimum=1000))
    while state.retry():
        pass
    fail(state, 30)
    call(state, Outcome.NONE, 30)
    assert not state.retry()


def test_no_more_than_the_most_is_kept(make: Make) -> None:
    state = make(policy())
    succeed(state, 50)
    assert state.look().tokens == pytest.approx(10)


def test_the_budget_is_one_for_the_cluster(own_redis: OwnRedis, clock: Clock) -> None:
    one, two = (shared(own_redis, policy(), clock, node=node) for node in ("one", "two"))
    granted = [state.retry() for _ in range(10) for state in (one, two)]
    assert sum(granted) == 10
