"""One vendor's state for the whole cluster, in Redis by one script; this process's own while Redis is away."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from random import getrandbits
from typing import Any

import redis
import structlog
from django.conf import settings

from integrations.http.local import HOLD_AT_MOST, LEASE_MARGIN, LocalState
from integrations.http.policy import Policy
from integrations.http.states import Look, Mode, Outcome, Permit, Refusal, State, tell_change
from integrations.http.wire import Wire

log = structlog.get_logger("circuit")

SCRIPT = Path(__file__).with_name("circuit.lua").read_text(encoding="utf-8")
SHARED = ("rate", "burst", "retry_tokens", "retry_ratio", "retry_refill")
PARTS = ("state", "buckets", "leases", "seen", "failing")
MICRO = 1_000_000
# How long an open circuit is believed without asking: what staff order is obeyed within this.
MIRROR = 0.25
PASSING = {"outcome": Outcome.OK}
SHOW_EVERY = 5.0  # seconds, at most, between two signs of life of a node that sees no failure


class SharedState:
    """`VendorState` in Redis. Never raises for Redis's sake: `LocalState` is kept warm and takes over at once.

    `node` is the machine that this process fails with; `PATCHBAY_NODE` when it is not given.
    """

    def __init__(
        self, slug: str, policy: Policy, wire: Wire, clock: Callable[[], float] = time.monotonic, node: str = ""
    ) -> None:
        self._slug, self._clock, self._node = slug, clock, node or settings.PATCHBAY_NODE
        self._local = LocalState(policy, clock, slug)
        self._script = wire.script(_lua(policy) + SCRIPT, [f"patchbay:{{{slug}}}:{part}" for part in PARTS])
        self._slow = policy.breaker.slow
        self._show_every, self._show_at = min(SHOW_EVERY, policy.breaker.window / 4), 0.0
        self._refusal, self._believed_until = Refusal("open", 0.0), 0.0
        self._lock = threading.Lock()  # for the two that follow, when they change
        self._known = 0
        self._alone = self._ordered = False

    def admit(self) -> Permit | Refusal:
        now = self._clock()
        if now < self._believed_until:
            return self._refusal
        lease = f"{getrandbits(64):016x}"
        reply = self._ask("admit", {"lease": lease})
        if reply is None:
            return self._local.admit()
        verdict, wait, _state, _mode, generation, leased = reply[:6]
        if verdict == b"go":
            self._local.charge()
            if generation < self._known and not leased and self._clock() < self._believed_until:
                return self._refusal  # granted before the circuit opened, which another thread has heard meanwhile
            return Permit(generation, lease if leased else "")
        refusal = Refusal(verdict.decode(), wait / MICRO)
        if refusal.why == "open" and generation >= self._known:
            self._believe(now, refusal)
        elif refusal.why == "gate":
            self._local.hold(refusal.wait)
        return refusal

    def _believe(self, now: float, refusal: Refusal) -> None:
        self._refusal, self._believed_until = refusal, now + min(MIRROR, refusal.wait)

    def record(self, permit: Permit, outcome: Outcome, seconds: float, hold: float = 0.0) -> None:
        told = self._told(permit, outcome, seconds, hold)
        if told == PASSING and not self._alone and self._tell_in_passing(permit):
            self._local.count(permit, outcome, seconds, hold)
        elif self._ask("record", {"generation": permit.generation, **told}) is None:
            self._local.record(permit, outcome, seconds, hold)
        else:
            self._local.count(permit, outcome, seconds, hold)

    def _told(self, permit: Permit, outcome: Outcome, seconds: float, hold: float) -> dict[str, Any]:
        """What there is to tell of an attempt."""
        told: dict[str, Any] = {"outcome": outcome}
        if permit.lease:
            told["lease"] = permit.lease
        if hold:
            told["hold"] = int(min(hold, HOLD_AT_MOST) * MICRO)
        if slow := self._slow is not None and seconds >= self._slow:
            told["slow"] = True
        now = self._clock()
        if outcome is Outcome.FAILED or slow or now >= self._show_at:
            self._show_at = now + self._show_every
            told["node"] = self._node
        return told

    def _tell_in_passing(self, permit: Permit) -> bool:
        """A success that decides nothing need not wait for an answer: the next call on this thread brings the news."""
        try:
            # As json.dumps would write it, which takes as long as a tenth of the round trip.
            self._script.tell("record", f'{{"known":{self._known},"generation":{permit.generation},"outcome":"ok"}}')
        except redis.RedisError:
            return False
        return True

    def retry(self) -> bool:
        reply = self._ask("retry", {})
        if reply is None:
            return self._local.retry()
        self._local.afford(float(reply[8]))
        return bool(reply[0] == b"go")

    def order(self, mode: Mode) -> None:
        """Staff's decision, in this process alone while Redis is away, and for all as soon as it is back."""
        self._believed_until = 0.0
        if self._ask("order", {"mode": mode}) is None:
            self._local.order(mode)
            self._ordered = True

    def look(self) -> Look:
        reply = self._ask("look", {})
        if reply is None:
            return self._local.look()
        _, _, state, mode, generation, _, _, left, calls, failures, slow, leases, gate, tokens = reply
        return Look(
            state=State(state.decode()),
            mode=Mode(mode.decode()),
            generation=generation,
            calls=calls,
            failures=failures,
            slow=slow,
            opens_in=left / MICRO,
            leases=leases,
            gate=gate / MICRO,
            tokens=float(tokens),
            shared=True,
        )

    def _ask(self, operation: str, arguments: dict[str, Any]) -> list[Any] | None:
        """The script's answer; None while Redis is away."""
        arguments["known"] = self._known
        if self._alone:
            self._introduce(arguments)
        try:
            reply = self._script(operation, json.dumps(arguments))
            if reply[0] == b"unknown":
                self._introduce(arguments)
                reply = self._script(operation, json.dumps(arguments))
        except redis.RedisError as error:
            self._part(error)
            return None
        if self._alone or reply[4] != self._known:
            self._follow(reply)
        return reply

    def _introduce(self, arguments: dict[str, Any]) -> None:
        """What this process knows, for a Redis that was empty or did not hear of it."""
        seed = self._local.seed()
        arguments["known"] = max(self._known, self._local.generation)
        arguments["node"] = self._node
        arguments["seed"] = told = {
            "mode": seed.mode,
            "opened": seed.opened,
            "hold": int(seed.gate * MICRO),
            "debt": int(seed.debt * MICRO),
            "tokens": seed.tokens,
            "ordered": self._ordered,
        }
        if seed.open is not None:
            told["open"] = int(seed.open * MICRO)

    def _part(self, error: redis.RedisError) -> None:
        self._believed_until = 0.0
        if self._alone:
            return
        self._alone = True
        log.error("circuit.alone", vendor=self._slug, error=repr(error))

    def _follow(self, reply: list[Any]) -> None:
        """Keep the local twin where the cluster is; a change is told once. Of two answers the older may come last."""
        _, _, state, mode, generation, _, opened, left = reply[:8]
        with self._lock:
            together, self._alone, self._ordered = self._alone, False, False
            news, first = generation > self._known, not self._known
            if news:
                self._known, self._believed_until, self._show_at = generation, 0.0, 0.0
                self._local.adopt(State(state.decode()), Mode(mode.decode()), generation, left / MICRO, opened)
                if (state, mode) == (b"open", b"auto"):
                    self._believe(self._clock(), Refusal("open", left / MICRO))  # whichever operation brought the news
        if together:
            log.warning("circuit.together", vendor=self._slug)
        if news and not first:
            tell_change(self._slug, State(state.decode()), Mode(mode.decode()))


def _lua(policy: Policy) -> str:
    """The numbers of the policy as the table that the script begins with."""
    numbers = asdict(policy.breaker) | {name: getattr(policy, name) for name in SHARED}
    numbers["lease_for"] = policy.attempt + LEASE_MARGIN
    written = (f"{name} = {value}" for name, value in numbers.items() if value is not None)
    return f"local policy = {{ {', '.join(written)} }}\n"
