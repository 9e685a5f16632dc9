"""The circuit in this process and the one in Redis are one machine: the same calls leave them in the same state."""

from dataclasses import astuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.http.local import LocalState
from integrations.http.policy import BreakerPolicy, Policy
from integrations.http.states import Look, Mode, Outcome, Permit, Refusal, VendorState
from tests.integrations.http.circuits import Clock, shared
from tests.ownredis import OwnRedis

GRANTED = Policy(
    attempt=3.0,
    rate=20.0,
    burst=12,
    retry_tokens=3.0,
    breaker=BreakerPolicy(window=10, minimum=4, slow=1.0, slow_rate=0.75, open_for=5.0, open_at_most=20.0),
)

OUTCOMES = st.sampled_from([Outcome.FAILED, Outcome.FAILED, Outcome.OK, Outcome.OK, Outcome.NONE])
STEPS = st.one_of(
    st.tuples(st.just("call"), OUTCOMES, st.sampled_from([0.1, 0.1, 1.0, 2.0])),
    st.tuples(st.just("burst"), OUTCOMES, st.integers(2, 6)),
    st.tuples(st.just("admit")),
    st.tuples(st.just("report"), OUTCOMES, st.integers(0, 30), st.sampled_from([0.1, 2.0]), st.sampled_from([0, 0, 4])),
    st.tuples(st.just("retry")),
    st.tuples(st.just("order"), st.sampled_from(Mode)),
    # Never on the edge of anything: in floats and in microseconds the edge is not at the same place.
    st.tuples(st.just("advance"), st.sampled_from([0.011, 0.26, 0.7, 1.3, 3.1, 5.003, 9.7, 22.0])),
)


class Twins:
    def __init__(self, server: OwnRedis) -> None:
        server.client.flushall()
        self.clock = Clock()
        self.local: VendorState = LocalState(GRANTED, self.clock)
        self.shared: VendorState = shared(server, GRANTED, self.clock)
        self.permits: list[tuple[Permit, Permit]] = []
        # An order begins them at the same point; only the numbers of their generations differ from then on.
        self.apart = self.shared.look().generation - self.local.look().generation

    def admit(self) -> tuple[Permit, Permit] | None:
        self.clock.advance(0.2603)  # beyond what an open circuit is believed for
        one, two = self.local.admit(), self.shared.admit()
        if isinstance(one, Refusal) or isinstance(two, Refusal):
            assert isinstance(one, Refusal), two
            assert isinstance(two, Refusal), one
            assert one.why == two.why
            assert two.wait == pytest.approx(one.wait, abs=1e-4)
            return None
        assert bool(one.lease) == bool(two.lease)
        assert two.generation - one.generation == self.apart
        self.permits.append((one, two))
        return self.permits[-1]

    def record(self, pair: tuple[Permit, Permit], outcome: Outcome, seconds: float, hold: float = 0.0) -> None:
        self.local.record(pair[0], outcome, seconds, hold)
        self.shared.record(pair[1], outcome, seconds, hold)

    def call(self, outcome: Outcome, seconds: float) -> None:
        if pair := self.admit():
            self.record(pair, outcome, seconds)

    def burst(self, outcome: Outcome, times: int) -> None:
        for _ in range(times):
            self.call(outcome, 0.1)

    def report(self, outcome: Outcome, place: int, seconds: float, hold: float) -> None:
        if self.permits:
            self.record(self.permits[place % len(self.permits)], outcome, seconds, hold)

    def retry(self) -> None:
        assert self.local.retry() == self.shared.retry()

    def order(self, mode: Mode) -> None:
        self.local.order(mode)
        self.shared.order(mode)

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def compare(self) -> None:
        one, two = self.local.look(), self.shared.look()
        assert plain(two, self.apart) == pytest.approx(plain(one), abs=1e-4)
        assert (one.state, one.mode) == (two.state, two.mode)


def plain(look: Look, apart: int = 0) -> tuple[float, ...]:
    _, _, generation, *numbers, _ = astuple(look)
    return (generation - apart, *numbers)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=10, max_size=60))
def test_after_every_step_the_twins_look_the_same(own_redis: OwnRedis, steps: list[tuple]) -> None:
    twins = Twins(own_redis)
    for name, *rest in steps:
        getattr(twins, name)(*rest)
        twins.compare()
