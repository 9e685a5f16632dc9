"""How many retries a vendor is worth; for one process and for the cluster."""

from dataclasses import replace

import pytest

from integrations.http.policy import USUAL
from integrations.http.shared import SharedState
from integrations.http.states import Outcome, VendorState
from tests.integrations.http.circuits import Clock, DrivenWire, call, fail, policy, shared, succeed
from tests.integrations.http.conftest import Make
from tests.ownredis import OwnRedis

FORGET_WHEN = """
local it = cmsgpack.unpack(redis.call("GET", KEYS[1]))
it.earned = nil
redis.call("SET", KEYS[1], cmsgpack.pack(it))
"""


def spent(state: VendorState) -> VendorState:
    """The same state, with nothing left for retries."""
    while state.retry():
        pass
    return state


def minutes_of_outage(state: VendorState, clock: Clock, minutes: int, calls: int) -> int:
    """The requests that so many `calls` a minute make; nothing opens a circuit in between."""
    requests = 0
    for _ in range(minutes * calls):
        clock.advance(60 / calls)
        for number in range(1, USUAL.attempts + 1):
            fail(state)
            requests += 1
            if number < USUAL.attempts and not state.retry():
                break
    return requests


def test_at_first_there_are_as_many_as_the_policy_says(make: Make) -> None:
    state = make(policy())
    assert [state.retry() for _ in range(8)] == [True] * 6 + [False] * 2


def test_ten_successes_earn_one_retry(make: Make) -> None:
    state = spent(make(policy()))
    succeed(state, 9)
    assert not state.retry()
    succeed(state, 2)  # tenths do not add up to exactly one
    assert state.retry()
    assert not state.retry()


def test_failures_and_silence_earn_nothing(make: Make) -> None:
    state = spent(make(policy(minimum=1000)))
    fail(state, 30)
    call(state, Outcome.NONE, 30)
    assert not state.retry()


def test_no_more_than_the_most_is_kept(make: Make, clock: Clock) -> None:
    state = make(policy())
    succeed(state, 50)
    clock.advance(3600)
    succeed(state)
    assert state.look().tokens == pytest.approx(6)


def test_a_success_after_a_silence_earns_one_retry_for_each_minute_of_it(make: Make, clock: Clock) -> None:
    state = spent(make(policy()))
    succeed(state)
    clock.advance(150)
    succeed(state)
    assert state.look().tokens == pytest.approx(0.1 + 2.5)


def test_successes_close_together_earn_by_their_number_and_not_by_time_as_well(make: Make, clock: Clock) -> None:
    state = spent(make(policy()))
    for _ in range(20):
        clock.advance(3)
        succeed(state)
    assert state.look().tokens == pytest.approx(2)


def test_time_in_which_nothing_goes_well_earns_nothing(make: Make, clock: Clock) -> None:
    state = spent(make(policy(minimum=1000)))
    for _ in range(60):
        clock.advance(60)
        fail(state)
        assert not state.retry()


@pytest.mark.parametrize("calls", [1, 2, 5, 10])
def test_an_hour_of_outage_makes_at_most_a_tenth_more_requests_also_with_few_calls(
    make: Make, clock: Clock, calls: int
) -> None:
    state = make(policy(minimum=10_000))
    assert 60 * calls < minutes_of_outage(state, clock, 60, calls) <= 66 * calls


def test_a_quiet_shop_has_all_its_retries_when_an_outage_begins_and_when_it_is_over(make: Make, clock: Clock) -> None:
    state = make(policy(minimum=10_000))
    assert minutes_of_outage(state, clock, 1, 1) == USUAL.attempts
    minutes_of_outage(state, clock, 10, 1)
    assert not state.retry()
    succeed(state)
    assert minutes_of_outage(state, clock, 1, 1) == USUAL.attempts


def test_a_policy_may_leave_it_to_the_number_of_successes_alone(make: Make, clock: Clock) -> None:
    state = spent(make(replace(policy(), retry_refill=0.0)))
    clock.advance(86_400)
    succeed(state)
    assert state.look().tokens == pytest.approx(0.1)


def test_time_that_passes_twice_by_a_clock_that_went_back_earns_once(own_redis: OwnRedis, clock: Clock) -> None:
    server_clock = Clock()
    state = spent(SharedState("acme", policy(), DrivenWire(own_redis.url, server_clock, clock), clock, "one"))
    for seconds in (45, -3600, 16):
        server_clock.advance(seconds)
        assert not state.retry()
    succeed(state)
    assert state.look().tokens == pytest.approx(61 / 60, abs=1e-4)


def test_what_successes_have_earned_is_not_lost_with_redis(own_redis: OwnRedis, clock: Clock) -> None:
    state = spent(shared(own_redis, policy(), clock))
    clock.advance(45)
    succeed(state)
    own_redis.kill()
    clock.advance(16)
    assert not state.retry()
    succeed(state)
    assert state.retry()
    assert not state.retry()


def test_a_circuit_that_was_stored_before_successes_were_timed_goes_on(own_redis: OwnRedis, clock: Clock) -> None:
    state = spent(shared(own_redis, policy(), clock))
    own_redis.client.eval(FORGET_WHEN, 1, "patchbay:{acme}:state")
    succeed(state, 5)
    look = state.look()
    assert (look.shared, look.tokens) == (True, pytest.approx(0.5))


def test_the_budget_is_one_for_the_cluster(own_redis: OwnRedis, clock: Clock) -> None:
    one, two = (shared(own_redis, policy(), clock, node=node) for node in ("one", "two"))
    granted = [state.retry() for _ in range(10) for state in (one, two)]
    assert sum(granted) == 6
