"""The circuit of the cluster: who may open it, and what holds for all at once."""

import pytest

from integrations.http.shared import SharedState
from integrations.http.states import Mode, Outcome, Permit, State
from tests.integrations.http.circuits import (
    Clock,
    DrivenWire,
    call,
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

# Quorum


def test_one_node_alone_opens_it(one: SharedState) -> None:
    assert opened(one).look().shared


def test_one_sick_node_among_well_ones_never_opens_it(one: SharedState, two: SharedState) -> None:
    succeed(two)
    fail(one, 100)
    assert two.look().state is State.CLOSED


def test_a_second_node_that_sees_a_failure_opens_it(one: SharedState, two: SharedState) -> None:
    succeed(two)
    fail(one, 20)
    fail(two)
    assert one.look().state is State.OPEN


def test_two_processes_of_one_node_are_one_witness(one: SharedState, same: SharedState, two: SharedState) -> None:
    succeed(two)
    fail(one, 10)
    fail(same, 10)
    assert one.look().state is State.CLOSED


def test_a_node_that_is_well_shows_itself_often_enough_to_be_heard(
    one: SharedState, two: SharedState, clock: Clock
) -> None:
    for _ in range(100):
        succeed(two, 2)
        fail(one, 2)
        clock.advance(2.0)
    assert one.look().state is State.CLOSED


def test_a_node_that_has_been_gone_for_a_window_has_no_say(one: SharedState, two: SharedState, clock: Clock) -> None:
    succeed(two)
    clock.advance(60.1)
    assert opened(one).look().state is State.OPEN


def test_failures_of_before_a_recovery_are_no_witness_after_it(
    one: SharedState, two: SharedState, clock: Clock
) -> None:
    fail(two)
    opened(one)
    for trial in [half_opened(one, clock), *(let_out(one) for _ in range(4))]:
        one.record(trial, Outcome.OK, 0.1)
    succeed(two)
    fail(one, 50)
    assert one.look().state is State.CLOSED


def test_slow_calls_need_two_witnesses_too(own_redis: OwnRedis, clock: Clock) -> None:
    one, two = (shared(own_redis, policy(slow=1.0), clock, node) for node in ("one", "two"))
    succeed(two)
    call(one, Outcome.OK, 30, seconds=3)
    assert one.look().state is State.CLOSED
    call(two, Outcome.OK, 1, seconds=3)
    assert one.look().state is State.OPEN


# One circuit for all


def test_an_open_circuit_refuses_everywhere_at_the_next_call(one: SharedState, two: SharedState) -> None:
    fail(two)
    opened(one)
    assert refused(two).wait > 26


def test_five_trials_go_out_in_the_whole_cluster(own_redis: OwnRedis, clock: Clock) -> None:
    states = [shared(own_redis, policy(), clock, f"node-{number}") for number in range(8)]
    fail(states[1])
    opened(states[0])
    clock.advance(30)
    leaves = [state.admit() for _ in range(5) for state in states]
    assert sum(isinstance(leave, Permit) for leave in leaves) == 5


def test_what_staff_order_is_obeyed_everywhere_within_a_quarter_of_a_second(
    one: SharedState, two: SharedState, clock: Clock
) -> None:
    one.order(Mode.OPEN)
    refused(two)
    one.order(Mode.CLOSED)
    clock.advance(0.26)
    succeed(two)


def test_while_open_redis_is_asked_four_times_a_second_at_most(
    one: SharedState, own_redis: OwnRedis, clock: Clock
) -> None:
    opened(one)
    refused(one)
    before = own_redis.client.info("stats")["total_commands_processed"]
    for _ in range(1000):
        refused(one)
    assert own_redis.client.info("stats")["total_commands_processed"] - before <= 2  # this question itself


def test_whatever_brings_the_news_of_the_opening_shuts_the_whole_process_out(
    one: SharedState, two: SharedState
) -> None:
    fail(two)
    opened(one)
    two.retry()
    wire = two._script._wire
    wire.answered = False
    assert refused(two).wait > 26
    assert not wire.answered, "asked, although it was known"


def test_leave_granted_before_the_opening_is_not_taken_by_a_process_that_has_heard_of_it(
    one: SharedState, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One thread is slow to read its answer; the failures that open the circuit are another's."""
    permits, ask = [let_out(one) for _ in range(10)], one._script

    def slow(operation: str, arguments: str) -> list:
        answer = ask(operation, arguments)
        if operation == "admit":
            for permit in permits:
                one.record(permit, Outcome.FAILED, 0.1)
        return answer

    monkeypatch.setattr(one, "_script", slow)
    assert refused(one).wait > 26
    assert one.look().state is State.OPEN


def test_an_old_refusal_that_comes_late_is_not_believed(one: SharedState, two: SharedState, clock: Clock) -> None:
    """Meanwhile the circuit has been closed again, and another thread knows."""
    opened(one)
    clock.advance(0.26)
    ask = one._script

    def slow(operation: str, arguments: str) -> list:
        answer = ask(operation, arguments)
        one._script = ask
        one.order(Mode.AUTO)
        return answer

    one._script = slow
    refused(one)
    let_out(one)


# Redis's clock


def test_a_clock_that_goes_back_moves_nothing(own_redis: OwnRedis, clock: Clock) -> None:
    server_clock = Clock()
    one = SharedState("acme", policy(), DrivenWire(own_redis.url, server_clock, clock), clock, "one")
    opened(one)
    before = one.look().opens_in
    server_clock.advance(-86_400)
    assert one.look().opens_in == pytest.approx(before, abs=1e-3)
    clock.advance(30)
    half_opened(one, server_clock)


def test_generations_grow_for_each_process_whoever_comes_first_to_an_emptied_redis(
    one: SharedState, two: SharedState, own_redis: OwnRedis, clock: Clock
) -> None:
    two.look()
    one.order(Mode.AUTO)
    under_way = [let_out(one) for _ in range(10)]
    own_redis.client.flushdb()
    clock.advance(-10_000)
    two.look()
    for permit in under_way:
        one.record(permit, Outcome.FAILED, 0.1)
    look = one.look()
    assert look.generation > under_way[0].generation
    assert (look.state, look.failures) == (State.CLOSED, 0)


def test_asked_twice_in_the_same_microsecond_it_answers_twice(one: SharedState) -> None:
    one.order(Mode.DISABLED)
    permit = let_out(one)
    one.record(permit, Outcome.NONE, 0.1)
    one.record(permit, Outcome.NONE, 0.1)
    assert one.look().shared
