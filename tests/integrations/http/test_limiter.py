"""The rate a vendor is called at, and the gate that a vendor closes itself; for one process and for the cluster."""

import threading

import pytest

from integrations.http.limiter import Limiter
from integrations.http.local import LocalState
from integrations.http.states import Outcome, Permit
from tests.integrations.http.circuits import Clock, let_out, policy, refused, shared
from tests.integrations.http.conftest import Make
from tests.ownredis import OwnRedis


def test_the_burst_goes_out_at_once_and_then_one_for_each_interval(make: Make, clock: Clock) -> None:
    state = make(policy(rate=10))
    for _ in range(5):
        let_out(state)
    assert refused(state, "rate").wait == pytest.approx(0.1, abs=1e-5)
    clock.advance(0.1001)
    let_out(state)
    refused(state, "rate")


def test_a_polite_caller_is_never_refused(make: Make, clock: Clock) -> None:
    state = make(policy(rate=10))
    for _ in range(300):
        let_out(state)
        clock.advance(0.1001)


def test_a_rest_earns_the_burst_back_and_no_more(make: Make, clock: Clock) -> None:
    state = make(policy(rate=10))
    for _ in range(3):
        clock.advance(3600)
        for _ in range(5):
            let_out(state)
        refused(state, "rate")


def test_a_refusal_costs_no_token(make: Make, clock: Clock) -> None:
    state = make(policy(rate=10))
    for _ in range(5):
        let_out(state)
    for _ in range(100):
        refused(state, "rate")
    clock.advance(0.1001)
    let_out(state)


def test_a_rate_of_nothing_limits_nothing(make: Make) -> None:
    state = make(policy(rate=0))
    for _ in range(200):
        let_out(state)


def test_over_any_time_no_more_goes_out_than_the_burst_and_the_rate_allow(clock: Clock) -> None:
    limiter, begin, let = Limiter(10, 5), clock(), 0
    for step in range(2000):
        clock.advance(0.001 * (step % 17))
        if not limiter.wait(clock()):
            limiter.take(clock())
            let += 1
        assert let <= 5 + 10 * (clock() - begin) + 1e-6


def test_a_vendor_that_says_wait_is_left_alone_by_all(own_redis: OwnRedis, clock: Clock) -> None:
    told, other = (shared(own_redis, policy(), clock, node=node) for node in ("one", "two"))
    told.record(let_out(told), Outcome.NONE, 0.1, hold=2.0)
    assert refused(other, "gate").wait == pytest.approx(2.0, abs=1e-3)
    clock.advance(2.001)
    let_out(other)


def test_a_later_and_shorter_wait_does_not_shorten_the_first(make: Make, clock: Clock) -> None:
    state = make(policy())
    one, two = let_out(state), let_out(state)
    state.record(one, Outcome.NONE, 0.1, hold=10.0)
    state.record(two, Outcome.NONE, 0.1, hold=1.0)
    assert state.look().gate == pytest.approx(10.0, abs=1e-3)


def test_a_vendor_that_says_wait_a_day_is_asked_again_in_a_minute(make: Make, clock: Clock) -> None:
    state = make(policy())
    state.record(let_out(state), Outcome.NONE, 0.1, hold=86_400.0)
    assert refused(state, "gate").wait <= 60
    clock.advance(60.001)
    let_out(state)


def test_an_open_circuit_is_told_before_the_gate_and_costs_no_token(make: Make, clock: Clock) -> None:
    state = make(policy(rate=1000, minimum=1))
    state.record(let_out(state), Outcome.FAILED, 0.1, hold=5.0)
    refused(state, "open")


@pytest.mark.parametrize("kind", ["local", "shared"])
def test_of_two_hundred_simultaneous_calls_exactly_the_burst_goes_out(kind: str, own_redis: OwnRedis) -> None:
    clock = Clock()  # stands still: whoever comes, comes at once
    granted = policy(rate=10)
    one = LocalState(granted, clock) if kind == "local" else None
    let: list[Permit] = []
    start = threading.Barrier(20)

    def many(node: str) -> None:
        state = one or shared(own_redis, granted, clock, node)
        start.wait()
        leaves = [state.admit() for _ in range(10)]
        let.extend(leave for leave in leaves if isinstance(leave, Permit))

    threads = [threading.Thread(target=many, args=(f"node-{number}",)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(let) == 5
