"""A cluster that hypothesis drives: processes on several nodes, a Redis emptied and killed, clocks that jump."""

import json
from dataclasses import dataclass, field

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from integrations.http.policy import BreakerPolicy, Policy
from integrations.http.shared import SharedState
from integrations.http.states import Mode, Outcome, Permit, Refusal, State
from tests.integrations.http.circuits import Clock, DrivenWire
from tests.integrations.http.reckoning import Reckoning, Stored, read
from tests.ownredis import OwnRedis

BREAKER = BreakerPolicy(window=10, minimum=4, slow=1.0, slow_rate=0.75, open_for=4.0, open_at_most=16.0)
GRANTED = Policy(attempt=3.0, rate=0.0, breaker=BREAKER)
LEASE = 5_000_000  # microseconds
KEY = "patchbay:{acme}:"
NODES = ("one", "one", "two", "three")
PLACES = st.integers(0, len(NODES) - 1)


@dataclass
class Process:
    """One process of the cluster, and what it has been given leave for."""

    state: SharedState
    wire: DrivenWire
    node: str
    newest: int = 0
    permits: list[Permit] = field(default_factory=list)


class Cluster(RuleBasedStateMachine):
    redis: OwnRedis

    @initialize()
    def begin(self) -> None:
        self.redis.start()
        self.redis.client.flushall()
        self.clock, self.server_clock = Clock(), Clock()
        self.processes = [self._process(node) for node in NODES]
        self.model, self.last = Reckoning(BREAKER), 0

    def _process(self, node: str) -> Process:
        # Redis is killed here and never hangs: on a busy machine a late answer must not be taken for a lost one.
        wire = DrivenWire(self.redis.url, self.server_clock, self.clock, patience=10.0)
        return Process(SharedState("acme", GRANTED, wire, self.clock, node), wire, node)

    # What is known

    @property
    def now(self) -> int:
        return round(self.server_clock() * 1_000_000)

    def stored(self) -> Stored | None:
        """None when Redis is down or knows nothing."""
        return read(self.redis.client, KEY, self.now) if self.redis.running else None

    def told(self, process: Process) -> dict:
        return json.loads(process.wire.arguments)

    # What may happen

    @rule(place=PLACES)
    def admit(self, place: int) -> None:
        process = self.processes[place]
        before, local = self.stored(), process.state._local.look()
        process.wire.answered = False
        leave = process.state.admit()
        if isinstance(leave, Permit):
            process.permits.append(leave)
            assert leave.generation >= process.newest
            process.newest = leave.generation
        if not process.wire.answered:
            return
        after = self.settle(process, before, local.state, "admit")
        if isinstance(leave, Permit):
            assert after.mode != "open"
            assert after.state != "open" or after.mode in ("closed", "disabled", "watch")
            if after.state == "half_open" and after.mode == "auto":
                assert leave.lease, "a trial without a lease"
                self.model.lease(leave.lease, self.now + LEASE)
        else:
            assert isinstance(leave, Refusal)
            assert after.mode == "open" or after.state != "closed"

    @rule(place=PLACES, pick=st.integers(0, 50), ends=st.sampled_from(["ok", "ok", "fail", "fail", "none", "slow"]))
    def record(self, place: int, pick: int, ends: str) -> None:
        process = self.processes[place]
        if process.permits:
            self._record(process, process.permits.pop(pick % len(process.permits)), ends)

    @rule(place=PLACES, ends=st.sampled_from(["ok", "fail", "fail"]), times=st.integers(1, 6))
    def calls(self, place: int, ends: str, times: int) -> None:
        process = self.processes[place]
        for _ in range(times):
            held = len(process.permits)
            self.admit(place)
            if len(process.permits) > held:
                self._record(process, process.permits.pop(), ends)

    @rule(place=PLACES)
    def lose_the_callers(self, place: int) -> None:
        self.processes[place].permits.clear()

    @rule(seconds=st.sampled_from([0.05, 0.3, 1.1, 2.5, 4.1, 8.3, 17.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.server_clock.advance(seconds)

    @rule()
    def an_outage(self) -> None:
        for place in range(len(NODES)):
            self.calls(place, "fail", 2)
        self.time_passes(17.0)

    @rule(seconds=st.sampled_from([-3600.0, -7.3, -1.5, -0.2, 0.7, 5.9, 3600.0]))
    def the_clock_of_redis_jumps(self, seconds: float) -> None:
        self.server_clock.advance(seconds)

    @rule(place=PLACES, mode=st.sampled_from([Mode.AUTO, Mode.AUTO, *Mode]))
    def staff_order(self, place: int, mode: Mode) -> None:
        process = self.processes[place]
        before, local = self.stored(), process.state._local.look()
        process.wire.answered = False
        process.state.order(mode)
        if process.wire.answered:
            after = self.settle(process, before, local.state, "order")
            assert (after.state, after.mode) == ("closed", mode)

    @rule()
    def redis_is_emptied(self) -> None:
        if self.redis.running:
            self.redis.client.flushdb()

    @precondition(lambda self: self.redis.running)
    @rule()
    def redis_is_killed(self) -> None:
        self.redis.kill()

    @precondition(lambda self: not self.redis.running)
    @rule()
    def redis_is_back(self) -> None:
        self.redis.start()

    # What must be so

    def _record(self, process: Process, permit: Permit, ends: str) -> None:
        before, local = self.stored(), process.state._local.look()
        outcome = Outcome.OK if ends == "slow" else Outcome(ends)
        process.wire.answered = False
        process.state.record(permit, outcome, 2.0 if ends == "slow" else 0.1)
        if process.wire.answered:
            self.settle(process, before, local.state, "record", permit, ends)
        else:
            self._own_judgement(process, local, permit, ends)

    def _own_judgement(self, process: Process, was: object, permit: Permit, ends: str) -> None:
        """Alone, too, it opens only for the minimum and the rate, or for bad trials."""
        look = process.state._local.look()
        if look.state is State.OPEN and was.state is State.CLOSED:
            bad = was.failures + (ends == "fail"), was.slow + (ends == "slow")
            assert was.calls + 1 >= BREAKER.minimum
            assert bad[0] >= 0.5 * (was.calls + 1) or bad[1] >= 0.75 * (was.calls + 1)

    def settle(
        self,
        process: Process,
        before: Stored | None,
        local: State,
        operation: str,
        permit: Permit | None = None,
        ends: str = "",
    ) -> Stored:
        """Hold what Redis holds now against what it held, and what may have come of this operation."""
        after, now, model = self.stored(), self.now, self.model
        assert after, "an answer, and nothing stored"
        told = self.told(process)
        if before is None:
            model.forget(everything=True)
        elif now < self.last:
            model.jump_back(self.last - now)
        # A clock that went back takes the end of being open with it: it is where it was, if it was not over already.
        reached, self.last = max(now, self.last), now
        assert after.generation >= max(told["known"], before.generation if before else 0)
        assert before is None or after.state == before.state or after.generation > before.generation
        was = before.state if before else "closed"
        if "seed" in told:
            was = self._joined(told, was, local, before, after, operation)
        good = model.give_back(now, permit.lease) if permit and permit.lease else False
        if "node" in told and operation == "record":
            model.show(now, told["node"])
        if operation == "record" and ends != "none" and after.mode != "disabled":
            self._judge(process, was, before, after, permit, good, ends)
        elif operation == "admit" and was == "open" and after.state == "half_open":
            assert "seed" in told or reached >= before.until
            model.trials = []
        elif operation != "order":
            assert after.state == was
        if after.state == "open" or operation == "order" or (was == "half_open" and after.state == "closed"):
            model.forget()
        return after

    def _joined(self, told: dict, was: str, local: State, before: Stored | None, after: Stored, operation: str) -> str:
        """A process brought what it knew: it may have opened the circuit, for it was honestly open there."""
        if told["seed"]["ordered"]:
            self.model.forget()
            was = "closed"
        # It votes under the mode that stood when it came: an order that it brings along comes after.
        mode = told["seed"]["mode"] if told["seed"]["ordered"] or not before else before.mode
        opens = "open" in told["seed"] and was == "closed"
        assert ("open" in told["seed"]) == (local is not State.CLOSED)
        if opens and mode in ("auto", "watch"):
            self.model.show(self.now, told["node"])
            self.model.failing[told["node"]] = self.now
        if opens and after.state in ("open", "half_open") and operation != "record":
            return "open"
        return after.state if operation == "record" else was

    def _judge(
        self, process: Process, was: str, before: Stored, after: Stored, permit: Permit, good: bool, ends: str
    ) -> None:
        model, failed, slow = self.model, ends == "fail", ends == "slow"
        told, now = self.told(process), self.now
        if "seed" in told:
            if was == after.state == "closed" and permit.generation == after.generation:
                model.count(now, process.node, failed, slow)
            return  # what came of it is for the others to tell
        if was == "open" or permit.generation != before.generation or told["known"] > before.generation:
            assert (after.state, after.done) == (was, before.done), "an earlier generation decided"
            assert after.calls <= before.calls, "an earlier generation counted"
        elif was == "closed":
            model.count(now, process.node, failed, slow)
            if after.mode == "closed":
                assert after.state == "closed"
            elif after.state == "open":
                assert model.may_open(now), "opened without the minimum, the rate or the nodes"
            else:
                assert not model.must_open(now), "crossed, and not opened"
        elif good or after.mode == "watch":
            model.trials.append(failed or slow)
            expected = "open" if sum(model.trials) >= 2.5 else "closed" if len(model.trials) >= 5 else "half_open"
            assert after.state == expected, model.trials
        else:
            assert after.state == was, "decided by a trial that had ended"

    @invariant()
    def never_more_than_five_trials(self) -> None:
        stored = self.stored() if hasattr(self, "model") else None
        if stored:
            assert stored.leases <= BREAKER.permits
            if stored.state == "half_open" and stored.mode == "auto":
                assert stored.done <= BREAKER.permits

    @invariant()
    def generations_only_grow(self) -> None:
        for process in getattr(self, "processes", ()):
            assert process.state._known >= getattr(process, "known", 0)
            process.known = process.state._known

    def teardown(self) -> None:
        """From wherever it is, with a vendor that is well again, calls flow and the circuit closes."""
        if not hasattr(self, "model"):
            return
        self.redis.start()
        process = self.processes[0]
        self.time_passes(40.0)  # a lost Redis is tried again
        process.state.look()  # and a clock that went back is followed
        self.time_passes(40.0)  # the longest opening and every lease are over
        if process.state.look().mode is Mode.OPEN:
            process.state.order(Mode.AUTO)
        for _ in range(8):
            self.time_passes(0.3)
            leave = process.state.admit()
            if isinstance(leave, Permit):
                process.state.record(leave, Outcome.OK, 0.1)
        look = process.state.look()
        assert look.shared
        assert look.state is State.CLOSED, look
        assert isinstance(process.state.admit(), Permit)
