"""When the circuit opens and for how long: the cases that resilience4j's and Polly's own suites ask of a breaker.

Each holds for the circuit of one process and for the one in Redis.
"""

import pytest
from structlog.testing import capture_logs

from integrations.http.states import Mode, Outcome, State
from tests.integrations.http.circuits import (
    Clock,
    call,
    fail,
    half_opened,
    let_out,
    opened,
    policy,
    refused,
    succeed,
)
from tests.integrations.http.conftest import Make


def test_it_starts_closed_and_lets_calls_out(make: Make) -> None:
    state = make(policy())
    succeed(state, 3)
    look = state.look()
    assert (look.state, look.calls, look.failures) == (State.CLOSED, 3, 0)


def test_too_few_calls_never_open_it_however_many_fail(make: Make) -> None:
    state = make(policy(minimum=10))
    fail(state, 9)
    assert state.look().state is State.CLOSED
    fail(state)
    assert state.look().state is State.OPEN


def test_the_rate_opens_it_at_exactly_the_threshold(make: Make) -> None:
    state = make(policy(minimum=10, failure_rate=0.5))
    succeed(state, 6)
    fail(state, 5)
    assert state.look().state is State.CLOSED
    fail(state)
    assert state.look().state is State.OPEN


def test_scattered_failures_open_it_though_successes_lie_between(make: Make) -> None:
    state = make(policy(minimum=10))
    for _ in range(5):
        fail(state)
        succeed(state)
    assert state.look().state is State.OPEN


def test_a_rate_below_the_threshold_keeps_it_closed_for_ever(make: Make) -> None:
    state = make(policy(minimum=10))
    for _ in range(40):
        succeed(state, 2)
        fail(state)
    assert state.look().state is State.CLOSED


def test_the_success_that_completes_the_minimum_opens_it_too(make: Make) -> None:
    state = make(policy(minimum=10))
    fail(state, 9)
    succeed(state)
    assert state.look().state is State.OPEN


def test_failures_older_than_the_window_do_not_count(make: Make, clock: Clock) -> None:
    state = make(policy(minimum=10, window=60))
    fail(state, 9)
    clock.advance(60)
    fail(state)
    look = state.look()
    assert (look.state, look.calls) == (State.CLOSED, 1)


def test_failures_within_the_window_add_up_over_its_seconds(make: Make, clock: Clock) -> None:
    state = make(policy(minimum=10, window=60))
    for _ in range(10):
        fail(state)
        clock.advance(5)
    assert state.look().state is State.OPEN


def test_outcomes_that_say_nothing_count_neither_way(make: Make) -> None:
    state = make(policy(minimum=10))
    call(state, Outcome.NONE, 50)
    look = state.look()
    assert (look.state, look.calls) == (State.CLOSED, 0)


def test_while_open_every_call_is_refused_with_the_time_to_come_back(make: Make, clock: Clock) -> None:
    state = opened(make(policy(open_for=30)))
    assert 26.9 <= refused(state).wait <= 30
    clock.advance(10)
    assert 16.9 <= refused(state).wait <= 20
    assert 16.9 <= state.look().opens_in <= 20


def test_it_is_tried_again_only_when_the_time_is_over(make: Make, clock: Clock) -> None:
    state = opened(make(policy(open_for=30)))
    clock.advance(26.9)
    refused(state)
    half_opened(state, clock, after=3.2)


def test_time_alone_does_not_close_it(make: Make, clock: Clock) -> None:
    state = opened(make(policy()))
    clock.advance(10_000)
    assert state.look().state is State.OPEN


def test_what_ends_while_it_is_open_changes_nothing(make: Make) -> None:
    state = make(policy())
    under_way = [let_out(state) for _ in range(30)]
    fail(state, 10)
    before = state.look()
    for permit in under_way:
        state.record(permit, Outcome.OK, 0.1)
    after = state.look()
    assert (after.state, after.generation, after.calls) == (State.OPEN, before.generation, 0)


def test_each_opening_in_a_row_lasts_twice_as_long_up_to_the_longest(make: Make, clock: Clock) -> None:
    state = opened(make(policy(open_for=30, open_at_most=100)))
    for longest in (30, 60, 100, 100):
        assert 0.9 * longest <= state.look().opens_in <= longest
        trials = [half_opened(state, clock, after=longest), let_out(state), let_out(state)]
        for trial in trials:
            state.record(trial, Outcome.FAILED, 0.1)


def test_after_a_recovery_the_next_opening_is_short_again(make: Make, clock: Clock) -> None:
    state = opened(make(policy(open_for=30)))
    for trial in [half_opened(state, clock), let_out(state), let_out(state)]:
        state.record(trial, Outcome.FAILED, 0.1)
    first = half_opened(state, clock, after=60)
    state.record(first, Outcome.OK, 0.1)
    succeed(state, 4)
    assert state.look().state is State.CLOSED
    opened(state)
    assert 27 <= state.look().opens_in <= 30


def test_openings_are_jittered(make: Make, clock: Clock) -> None:
    waits = set()
    for step in (0.0001, 0.000213, 0.000321, 0.00047):
        clock.advance(step)
        state = make(policy(open_for=30))
        state.order(state.look().mode)
        fail(state, 10)
        waits.add(round(state.look().opens_in, 3))
    assert len(waits) == 4
    assert all(27 <= wait <= 30 for wait in waits)


def test_after_closing_the_window_starts_empty(make: Make, clock: Clock) -> None:
    state = opened(make(policy(open_for=5)))
    state.record(half_opened(state, clock, after=5), Outcome.OK, 0.1)
    succeed(state, 4)
    fail(state, 9)
    look = state.look()
    assert (look.state, look.calls, look.failures) == (State.CLOSED, 9, 9)


def test_slow_calls_open_it_at_their_own_rate(make: Make) -> None:
    state = make(policy(minimum=10, slow=2.0, slow_rate=0.8))
    call(state, Outcome.OK, 2, seconds=0.1)
    call(state, Outcome.OK, 7, seconds=2.0)
    assert state.look().state is State.CLOSED
    call(state, Outcome.OK, 1, seconds=2.0)
    assert state.look().state is State.OPEN


def test_a_call_a_little_faster_than_slow_is_not_slow(make: Make) -> None:
    state = make(policy(minimum=10, slow=2.0))
    call(state, Outcome.OK, 50, seconds=1.99)
    look = state.look()
    assert (look.state, look.slow) == (State.CLOSED, 0)


def test_without_a_slow_limit_nothing_is_slow(make: Make) -> None:
    state = make(policy(minimum=10))
    call(state, Outcome.OK, 50, seconds=3600)
    assert (state.look().state, state.look().slow) == (State.CLOSED, 0)


def test_slow_failures_count_as_both(make: Make) -> None:
    state = make(policy(minimum=10, slow=2.0))
    call(state, Outcome.FAILED, 3, seconds=5)
    look = state.look()
    assert (look.calls, look.failures, look.slow) == (3, 3, 3)


@pytest.mark.parametrize("rate", [0.01, 1.0])
def test_the_threshold_may_be_any_share(make: Make, rate: float) -> None:
    state = make(policy(minimum=10, failure_rate=rate))
    succeed(state, 9 if rate < 1 else 0)
    fail(state, 1 if rate < 1 else 9)
    assert state.look().state is (State.OPEN if rate < 1 else State.CLOSED)
    if rate == 1.0:
        fail(state)
        assert state.look().state is State.OPEN


def test_each_change_is_one_line_and_an_opening_a_warning(make: Make, clock: Clock) -> None:
    with capture_logs() as lines:
        state = make(policy(minimum=10))
        succeed(state)
        fail(state, 9)
        clock.advance(30)
        succeed(state, 5)
    changes = [(line["state"], line["log_level"]) for line in lines if line["event"] == "circuit.changed"]
    assert changes == [("open", "warning"), ("half_open", "info"), ("closed", "info")]


def test_what_becomes_of_a_call_is_staffs_order_before_the_breakers_own_state(make: Make) -> None:
    state = make(policy())
    fail(state, 10)
    seen = [state.look().effective]
    for mode in (Mode.WATCH, Mode.OPEN, Mode.CLOSED, Mode.DISABLED, Mode.AUTO):
        state.order(mode)
        seen.append(state.look().effective)
    assert seen == ["open", "closed", "open", "closed", "closed", "closed"]
