"""One vendor's state for the whole cluster, in Redis by one script; this process's own while Redis is away."""

import json
import random
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
from integrations.http.states import Look, Mode, Outcome, Permit, Refusal, State
from integrations.http.wire import Wire

log = structlog.get_logger("circuit")

SCRIPT = Path(__file__).with_name("circuit.lua").read_text(encoding="utf-8")
SHARED = ("rate", "burst", "retry_tokens", "retry_ratio")
MICRO = 1_000_000
# How long an open circuit is believed without asking: what staff order is obeyed within this.
MIRROR = 0.25
SHOW_EVERY = 5.0  # seconds between two signs of life of a node that sees no failure
AWAY_FOR = 1.0  # seconds that Redis is left alone after it failed


class SharedState:
    """`VendorState` in Redis. Never raises for Redis's sake: `LocalState` is kept warm and takes over at once."""

    def __init__(self, slug: str, policy: Policy, wire: Wire, clock: Callable[[], float] = time.monotonic) -> None:
        self._slug, self._clock = slug, clock
        self._local = LocalState(policy, clock)
        keys = [f"patchbay:{{{slug}}}:{part}" for part in ("circuit", "buckets", "leases", "seen", "failing")]
        self._script = wire.script(_lua(policy) + SCRIPT, keys)
        self._slow = policy.breaker.slow
        self._lease_for = int((policy.attempt + LEASE_MARGIN) * MICRO)
        self._refusal, self._believed_until = Refusal("open", 0.0), 0.0
        self._away_until, self._away = 0.0, False
        self._show_at = 0.0
        self._known = (0, "", "")

    def admit(self) -> Permit | Refusal:
        now = self._clock()
        if now < self._believed_until:
            return self._refusal
        lease = f"{getrandbits(64):016x}"
        reply = self._ask("admit", {"lease": lease, "lease_for": self._lease_for})
        if reply is None:
            return self._local.admit()
        verdict, wait, _state, _mode, generation, leased = reply[:6]
        if verdict == b"go":
            return Permit(generation, lease if leased else "")
        refusal = Refusal(verdict.decode(), wait / MICRO)
        if refusal.why == "open":
            self._refusal, self._believed_until = refusal, now + min(MIRROR, refusal.wait)
        return refusal

    def record(self, permit: Permit, outcome: Outcome, seconds: float, hold: float = 0.0) -> None:
        slow = self._slow is not None and seconds >= self._slow
        told = {"generation": permit.generation, "lease": permit.lease, "outcome": outcome, "slow": slow, "hold": 0}
        if hold:
            told["hold"] = int(min(hold, HOLD_AT_MOST) * MICRO)
        now = self._clock()
        if outcome is Outcome.FAILED or slow or now >= self._show_at:
            self._show_at = now + SHOW_EVERY
            told |= {"node": settings.PATCHBAY_NODE, "jitter": random.random()}  # noqa: S311  jitter, no secret
        reply = self._ask("record", told)
        if reply is None:
            self._local.record(permit, outcome, seconds, hold)
        else:
            self._local.count(outcome, seconds)

    def retry(self) -> bool:
        reply = self._ask("retry", {})
        return self._local.retry() if reply is None else reply[0] == b"go"

    def order(self, mode: Mode) -> None:
        self._believed_until = 0.0
        if self._ask("order", {"mode": mode}) is None:
            self._local.order(mode)

    def look(self) -> Look:
        reply = self._ask("look", {})
        if reply is None:
            return self._local.look()
        _, wait, state, mode, generation, _, _, calls, failures, slow, leases, gate, tokens = reply
        return Look(
            state=State(state.decode()),
            mode=Mode(mode.decode()),
            generation=generation,
            calls=calls,
            failures=failures,
            slow=slow,
            opens_in=wait / MICRO,
            leases=leases,
            gate=gate / MICRO,
            tokens=float(tokens),
            shared=True,
        )

    def _ask(self, operation: str, arguments: dict[str, Any]) -> list[Any] | None:
        """The script's answer; None while Redis is away."""
        if self._away and self._clock() < self._away_until:
            return None
        try:
            reply = self._script(operation, json.dumps(arguments))
            if reply[0] == b"unknown":
                reply = self._script(operation, json.dumps(arguments | {"seed": self._seed()}))
        except redis.RedisError as error:
            self._lose(error)
            return None
        self._follow(reply)
        return reply

    def _seed(self) -> dict[str, Any]:
        """What an empty Redis starts from: what this process knows."""
        mode, left, opened = self._local.seed()
        return {"mode": mode, "open": int(left * MICRO), "opened": opened, "known": self._known[0]}

    def _lose(self, error: redis.RedisError) -> None:
        if not self._away:
            log.error("circuit.alone", vendor=self._slug, error=repr(error))
        self._away, self._away_until, self._believed_until = True, self._clock() + AWAY_FOR, 0.0

    def _follow(self, reply: list[Any]) -> None:
        """Keep the local twin where the cluster is; a change of state is told once."""
        if self._away:
            log.warning("circuit.together", vendor=self._slug)
            self._away = False
        _, wait, state, mode, generation, _, opened = reply[:7]
        known = (generation, state, mode)
        if known == self._known:
            return
        if self._known[0]:
            log.warning("circuit.changed", vendor=self._slug, state=state.decode(), mode=mode.decode())
        self._known = known
        self._local.adopt(State(state.decode()), Mode(mode.decode()), wait / MICRO, opened)


def _lua(policy: Policy) -> str:
    """The numbers of the policy as the table that the script begins with."""
    numbers = asdict(policy.breaker) | {name: getattr(policy, name) for name in SHARED}
    written = (f"{name} = {value}" for name, value in numbers.items() if value is not None)
    return f"local policy = {{ {', '.join(written)} }}\n"
