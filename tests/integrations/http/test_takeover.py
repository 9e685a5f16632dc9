"""When Redis dies each process goes on alone without a jump, and comes back without one."""

import pytest

from integrations.http.shared import SharedState
from integrations.http.states import Mode, Outcome, State
from tests.integrations.http.circuits import (
    HASTY,
    Clock,
    fail,
    half_opened,
    let_out,
    opened,
    policy,
    refused,
    shared,
    succeed,
)
from tests.ownredis import OwnRedis

BACK = 1.5  # seconds after which a lost Redis is tried again


@pytest.fixture
def patience() -> float:
    return HASTY


# Without Redis


def test_an_open_circuit_stays_open_when_redis_dies(one: SharedState, own_redis: OwnRedis, clock: Clock) -> None:
    opened(one)
    clock.advance(10)
    own_redis.kill()
    assert 16 < refused(one).wait <= 20
    look = one.look()
    assert (look.state, look.shared) == (State.OPEN, False)
    half_opened(one, clock, after=20)


def test_an_open_circuit_that_was_last_heard_of_from_a_retry_stays_open(
    one: SharedState, two: SharedState, own_redis: OwnRedis
) -> None:
    fail(two)
    opened(one)
    two.retry()
    own_redis.kill()
    assert refused(two).wait > 26


def test_the_window_is_warm_when_redis_dies(one: SharedState, own_redis: OwnRedis) -> None:
    fail(one, 9)
    own_redis.kill()
    assert one.look().failures == 9
    fail(one)
    assert one.look().state is State.OPEN


def test_what_was_under_way_when_redis_died_still_counts(one: SharedState, own_redis: OwnRedis) -> None:
    permits = [let_out(one) for _ in range(10)]
    own_redis.kill()
    for permit in permits:
        one.record(permit, Outcome.FAILED, 0.1)
    assert one.look().state is State.OPEN


def test_gate_rate_and_budget_are_carried_over_when_redis_dies(own_redis: OwnRedis, clock: Clock) -> None:
    told, one = (shared(own_redis, policy(rate=10), clock) for _ in range(2))
    for _ in range(4):
        let_out(one)
    while one.retry():
        pass
    permit = let_out(one)
    told.record(permit, Outcome.NONE, 0.1, hold=3.0)
    refused(one, "gate")
    own_redis.kill()
    assert refused(one, "gate").wait == pytest.approx(3.0, abs=1e-3)
    assert not one.retry()
    clock.advance(3.001)
    for _ in range(5):
        let_out(one)
    refused(one, "rate")


def test_a_spent_rate_is_still_spent_when_redis_dies(own_redis: OwnRedis, clock: Clock) -> None:
    one = shared(own_redis, policy(rate=10), clock)
    for _ in range(5):
        let_out(one)
    own_redis.kill()
    refused(one, "rate")


def test_half_open_there_it_is_tried_here_by_five_of_our_own(
    one: SharedState, own_redis: OwnRedis, clock: Clock
) -> None:
    opened(one)
    lost = half_opened(one, clock)
    own_redis.kill()
    one.record(lost, Outcome.FAILED, 0.1)
    trials = [let_out(one) for _ in range(5)]
    refused(one)
    for trial in trials:
        one.record(trial, Outcome.OK, 0.1)
    assert one.look().state is State.CLOSED


def test_without_redis_from_the_start_it_works_alone(own_redis: OwnRedis, clock: Clock) -> None:
    own_redis.kill()
    one = shared(own_redis, policy(), clock)
    assert not opened(one).look().shared


# And back


@pytest.mark.parametrize("emptied", ["killed", "flushed"])
def test_an_open_circuit_is_still_open_in_an_empty_redis(
    one: SharedState, own_redis: OwnRedis, clock: Clock, emptied: str
) -> None:
    opened(one)
    clock.advance(5)
    if emptied == "killed":
        own_redis.kill()
        refused(one)
        own_redis.start()
        clock.advance(BACK)
    else:
        own_redis.client.flushdb()
        clock.advance(0.3)
    left = refused(one).wait
    assert 27 - 5 - BACK - 0.01 < left <= 30 - 5
    assert one.look().shared


def test_a_half_open_circuit_is_tried_anew_in_an_empty_redis(
    one: SharedState, own_redis: OwnRedis, clock: Clock
) -> None:
    opened(one)
    half_opened(one, clock)
    own_redis.client.flushdb()
    for trial in [let_out(one) for _ in range(5)]:
        one.record(trial, Outcome.FAILED, 0.1)
    assert one.look().state is State.OPEN
    assert one.look().opens_in > 30, "the second opening in a row lasts longer"


def test_opened_alone_it_is_open_in_the_empty_redis_that_comes_back(
    one: SharedState, two: SharedState, own_redis: OwnRedis, clock: Clock
) -> None:
    succeed(one)
    succeed(two)
    own_redis.kill()
    opened(one)
    own_redis.start()
    clock.advance(BACK)
    refused(one)
    assert one.look().shared
    refused(two)


def test_gate_rate_and_budget_come_back_to_an_empty_redis(own_redis: OwnRedis, clock: Clock) -> None:
    one = shared(own_redis, policy(rate=10), clock)
    permits = [let_out(one) for _ in range(5)]
    own_redis.client.flushdb()
    refused(one, "rate")
    own_redis.kill()
    while one.retry():
        pass
    one.record(permits[0], Outcome.NONE, 0.1, hold=9.0)
    own_redis.start()
    clock.advance(BACK)
    assert refused(one, "gate").wait == pytest.approx(9.0 - BACK, abs=1e-3)
    assert not one.retry()
    assert one.look().shared


def hang_through(server: OwnRedis, clock: Clock, *states: SharedState) -> None:
    """Redis hangs and each of these fails alone; then it goes on as if nothing had been."""
    server.hang()
    for state in states:
        opened(state)
    server.resume()
    clock.advance(BACK)


def test_one_that_opened_alone_follows_a_redis_that_knows_better(
    one: SharedState, two: SharedState, own_redis: OwnRedis, clock: Clock
) -> None:
    succeed(one)
    succeed(two)
    hang_through(own_redis, clock, one)
    succeed(one)
    assert one.look().shared
    assert one.look().state is State.CLOSED


def test_generations_seen_alone_are_behind_those_that_come_with_redis(
    one: SharedState, two: SharedState, own_redis: OwnRedis, clock: Clock
) -> None:
    succeed(one)
    succeed(two)
    own_redis.hang()
    alone = opened(one).look().generation
    own_redis.resume()
    clock.advance(BACK)
    look = one.look()
    assert (look.shared, look.state) == (True, State.CLOSED)
    assert look.generation > alone


def test_two_that_opened_alone_open_it_for_all(
    one: SharedState, two: SharedState, own_redis: OwnRedis, clock: Clock
) -> None:
    third = shared(own_redis, policy(), clock, "three", patience=HASTY)
    for state in (one, two, third):
        succeed(state)
    hang_through(own_redis, clock, one, two)
    one.look()
    two.look()
    assert refused(third).wait > 20


def test_an_order_given_without_redis_is_carried_out_when_it_is_back(
    one: SharedState, two: SharedState, own_redis: OwnRedis, clock: Clock
) -> None:
    succeed(one)
    succeed(two)
    own_redis.hang()
    one.order(Mode.OPEN)
    refused(one)
    own_redis.resume()
    clock.advance(BACK)
    refused(one)
    refused(two)
    assert two.look().mode is Mode.OPEN


def test_an_order_survives_an_emptied_redis(one: SharedState, own_redis: OwnRedis, clock: Clock) -> None:
    one.order(Mode.OPEN)
    own_redis.client.flushdb()
    refused(one)
    assert (one.look().mode, one.look().shared) == (Mode.OPEN, True)


def test_generations_grow_although_redis_lost_them_and_its_clock_went_back(own_redis: OwnRedis, clock: Clock) -> None:
    one = shared(own_redis, policy(), clock)
    known = opened(one).look().generation
    own_redis.client.flushdb()
    clock.advance(-10_000)
    assert one.look().generation > known


def test_a_permit_of_an_emptied_redis_cannot_decide_in_the_new_one(one: SharedState, own_redis: OwnRedis) -> None:
    permits = [let_out(one) for _ in range(10)]
    own_redis.client.flushdb()
    for permit in permits:
        one.record(permit, Outcome.FAILED, 0.1)
    assert (one.look().state, one.look().failures) == (State.CLOSED, 0)


def test_an_answer_that_comes_late_does_not_take_the_twin_back(one: SharedState, own_redis: OwnRedis) -> None:
    old = one._script("look", f'{{"known": {one.look().generation}}}')
    opened(one)
    one._follow(old)
    own_redis.kill()
    assert refused(one).wait > 20
