"""How an open circuit is tried again: a few trials decide, and none that is lost, late or foreign can."""

from integrations.http.states import Outcome, Permit, State
from tests.integrations.http.circuits import Clock, call, fail, half_opened, let_out, opened, policy, refused, succeed
from tests.integrations.http.conftest import Make

LEASE = 5.0  # seconds: an attempt of 3 and a margin of 2


def trials(make: Make, clock: Clock, count: int = 5, **breaker: float) -> tuple:
    state = opened(make(policy(**breaker)))
    return state, [half_opened(state, clock), *(let_out(state) for _ in range(count - 1))]


def test_exactly_five_trials_go_out(make: Make, clock: Clock) -> None:
    state, _ = trials(make, clock)
    assert refused(state).wait == 1.0
    assert state.look().leases == 5


def test_trials_that_ended_are_not_replaced_before_the_verdict(make: Make, clock: Clock) -> None:
    state, out = trials(make, clock)
    state.record(out[0], Outcome.OK, 0.1)
    state.record(out[1], Outcome.OK, 0.1)
    refused(state)


def test_five_good_trials_close_it(make: Make, clock: Clock) -> None:
    state, out = trials(make, clock)
    for trial in out:
        assert state.look().state is State.HALF_OPEN
        state.record(trial, Outcome.OK, 0.1)
    assert state.look().state is State.CLOSED


def test_two_bad_trials_of_five_still_close_it(make: Make, clock: Clock) -> None:
    state, out = trials(make, clock)
    for trial, outcome in zip(out, ["fail", "fail", "ok", "ok", "ok"], strict=True):
        state.record(trial, Outcome(outcome), 0.1)
    assert state.look().state is State.CLOSED


def test_the_third_bad_trial_opens_it_without_waiting_for_the_others(make: Make, clock: Clock) -> None:
    state, out = trials(make, clock)
    for trial in out[:3]:
        state.record(trial, Outcome.FAILED, 0.1)
    assert state.look().state is State.OPEN


def test_slow_trials_are_bad_trials(make: Make, clock: Clock) -> None:
    state, out = trials(make, clock, slow=2.0)
    for trial in out[:3]:
        state.record(trial, Outcome.OK, 2.5)
    assert state.look().state is State.OPEN


def test_a_trial_that_says_nothing_gives_its_place_back(make: Make, clock: Clock) -> None:
    # resilience4j stuck here: ignored errors never released the permit.
    state, out = trials(make, clock)
    for trial in out:
        state.record(trial, Outcome.NONE, 0.1)
    assert (state.look().state, state.look().leases) == (State.HALF_OPEN, 0)
    succeed(state, 5)
    assert state.look().state is State.CLOSED


def test_a_trial_that_never_reports_loses_its_place_after_a_while(make: Make, clock: Clock) -> None:
    # resilience4j stuck here, too: a thread that died held its permit for ever.
    state, _ = trials(make, clock)
    clock.advance(LEASE - 0.01)
    refused(state)
    clock.advance(0.3)
    succeed(state, 5)
    assert state.look().state is State.CLOSED


def test_a_report_after_its_lease_ended_says_nothing(make: Make, clock: Clock) -> None:
    state, out = trials(make, clock)
    clock.advance(LEASE + 0.1)
    for trial in out:
        state.record(trial, Outcome.FAILED, 10)
    look = state.look()
    assert (look.state, look.leases) == (State.HALF_OPEN, 0)
    succeed(state, 5)
    assert state.look().state is State.CLOSED


def test_a_trial_that_reports_twice_counts_once(make: Make, clock: Clock) -> None:
    state, out = trials(make, clock)
    for _ in range(5):
        state.record(out[0], Outcome.FAILED, 0.1)
    assert (state.look().state, state.look().leases) == (State.HALF_OPEN, 4)


def test_a_late_success_from_before_cannot_close_it(make: Make, clock: Clock) -> None:
    state = make(policy())
    late = [let_out(state) for _ in range(10)]
    opened(state)
    half_opened(state, clock)
    for permit in late:
        state.record(permit, Outcome.OK, 29)
    look = state.look()
    assert (look.state, look.leases) == (State.HALF_OPEN, 1)


def test_a_late_failure_from_before_cannot_open_it_again(make: Make, clock: Clock) -> None:
    state = make(policy())
    late = [let_out(state) for _ in range(10)]
    opened(state)
    half_opened(state, clock)
    for permit in late:
        state.record(permit, Outcome.FAILED, 29)
    assert state.look().state is State.HALF_OPEN


def test_a_late_trial_of_an_earlier_round_decides_nothing_in_this_one(make: Make, clock: Clock) -> None:
    state, out = trials(make, clock, open_for=2.0, open_at_most=2.0)
    for trial in out[:3]:
        state.record(trial, Outcome.FAILED, 0.1)
    half_opened(state, clock, after=2.0)
    for trial in out[3:]:
        state.record(trial, Outcome.FAILED, 2)
    assert (state.look().state, state.look().leases) == (State.HALF_OPEN, 1)


def test_trials_still_out_count_towards_the_five_of_the_next_round(make: Make, clock: Clock) -> None:
    state, out = trials(make, clock, open_for=2.0, open_at_most=2.0)
    for trial in out[:3]:
        state.record(trial, Outcome.FAILED, 0.1)
    half_opened(state, clock, after=2.0)
    let_out(state)
    let_out(state)
    refused(state)
    assert state.look().leases == 5
    state.record(out[3], Outcome.OK, 2)
    clock.advance(0.3)
    let_out(state)


def test_a_permit_without_a_lease_is_no_trial(make: Make, clock: Clock) -> None:
    state, _ = trials(make, clock)
    forged = Permit(state.look().generation)
    for _ in range(5):
        state.record(forged, Outcome.OK, 0.1)
    assert state.look().state is State.HALF_OPEN


def test_a_failed_call_after_recovery_does_not_open_it_at_once(make: Make, clock: Clock) -> None:
    state, out = trials(make, clock)
    for trial in out:
        state.record(trial, Outcome.OK, 0.1)
    fail(state, 3)
    assert state.look().state is State.CLOSED


def test_as_many_trials_go_out_as_the_policy_permits(make: Make, clock: Clock) -> None:
    state = opened(make(policy(permits=1)))
    trial = half_opened(state, clock)
    refused(state)
    state.record(trial, Outcome.OK, 0.1)
    assert state.look().state is State.CLOSED


def test_every_change_begins_a_generation(make: Make, clock: Clock) -> None:
    state = make(policy())
    generations = [state.look().generation]
    opened(state)
    generations.append(state.look().generation)
    trial = half_opened(state, clock)
    generations.append(trial.generation)
    state.record(trial, Outcome.OK, 0.1)
    call(state, Outcome.OK, 4)
    generations.append(state.look().generation)
    assert generations == sorted(set(generations))
