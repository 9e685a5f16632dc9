"""What staff may order: forced open or closed, disabled, only watched, and back to the breaker's own judgement."""

import pytest

from integrations.http.states import Mode, Outcome, State
from tests.integrations.http.circuits import Clock, fail, half_opened, let_out, opened, policy, refused, succeed
from tests.integrations.http.conftest import Make


def test_forced_open_it_refuses_until_the_order_is_lifted(make: Make, clock: Clock) -> None:
    state = make(policy(open_for=30))
    state.order(Mode.OPEN)
    clock.advance(100_000)
    assert refused(state).wait == 30
    state.order(Mode.AUTO)
    succeed(state)


def test_forced_open_a_late_success_does_not_close_it(make: Make) -> None:
    state = make(policy())
    permits = [let_out(state) for _ in range(10)]
    state.order(Mode.OPEN)
    for permit in permits:
        state.record(permit, Outcome.OK, 0.1)
    refused(state)


def test_forced_closed_it_lets_everything_out_and_still_counts(make: Make) -> None:
    state = make(policy())
    state.order(Mode.CLOSED)
    fail(state, 50)
    look = state.look()
    assert (look.state, look.mode, look.failures) == (State.CLOSED, Mode.CLOSED, 50)


def test_forcing_an_open_circuit_closed_lets_calls_out_at_once(make: Make) -> None:
    state = opened(make(policy()))
    state.order(Mode.CLOSED)
    succeed(state)


def test_disabled_it_neither_stops_nor_counts(make: Make) -> None:
    state = make(policy())
    state.order(Mode.DISABLED)
    fail(state, 50)
    assert (state.look().state, state.look().calls) == (State.CLOSED, 0)


def test_watched_it_changes_state_but_stops_nobody(make: Make, clock: Clock) -> None:
    state = make(policy(open_for=30))
    state.order(Mode.WATCH)
    fail(state, 10)
    assert state.look().state is State.OPEN
    fail(state, 50)
    clock.advance(30)
    succeed(state, 5)
    assert state.look().state is State.CLOSED


def test_watched_it_opens_again_when_what_follows_fails(make: Make, clock: Clock) -> None:
    state = make(policy(open_for=30))
    state.order(Mode.WATCH)
    fail(state, 10)
    clock.advance(30)
    fail(state, 3)
    assert state.look().state is State.OPEN
    assert state.look().opens_in > 30


@pytest.mark.parametrize("mode", list(Mode))
def test_an_order_starts_clean(make: Make, clock: Clock, mode: Mode) -> None:
    state = make(policy())
    fail(state, 9)
    before = state.look().generation
    state.order(mode)
    look = state.look()
    assert (look.state, look.mode, look.calls, look.leases) == (State.CLOSED, mode, 0, 0)
    assert look.generation > before


def test_back_to_automatic_the_first_opening_is_short_again(make: Make, clock: Clock) -> None:
    state = opened(make(policy(open_for=30)))
    for trial in [half_opened(state, clock), let_out(state), let_out(state)]:
        state.record(trial, Outcome.FAILED, 0.1)
    state.order(Mode.AUTO)
    opened(state)
    assert state.look().opens_in <= 30


def test_trials_under_way_when_the_order_came_decide_nothing(make: Make, clock: Clock) -> None:
    state = opened(make(policy()))
    trial = half_opened(state, clock)
    state.order(Mode.AUTO)
    state.record(trial, Outcome.FAILED, 0.1)
    assert state.look().failures == 0


@pytest.mark.parametrize("mode", [Mode.AUTO, Mode.CLOSED, Mode.DISABLED, Mode.WATCH])
def test_the_gate_holds_under_every_order(make: Make, clock: Clock, mode: Mode) -> None:
    state = make(policy())
    state.order(mode)
    state.record(let_out(state), Outcome.NONE, 0.1, hold=4.0)
    assert refused(state, "gate").wait == pytest.approx(4.0, abs=1e-3)
    clock.advance(4.0)
    let_out(state)
