"""What the circuit of the cluster may and must do, in plain Python: lists of what happened, and nothing clever.

Redis's clock may jump. Back, it moves nothing (all that is remembered moves along), but may cost a part of a second
of the window: so there are counts that are certain and counts that are possible.
"""

from dataclasses import dataclass, field

import redis

from integrations.http.policy import BreakerPolicy

Record = tuple[int, bool, bool]  # when (microseconds), failed, slow
SECOND = 1_000_000
COUNTS = ("generation", "until", "done", "calls")
# Each field of what the circuit's script has packed, as a text.
UNPACK = """
local held = {}
for name, value in pairs(cmsgpack.unpack(redis.call("GET", KEYS[1]) or cmsgpack.pack({}))) do
  held[#held + 1] = name
  held[#held + 1] = type(value) == "number" and string.format("%.17g", value) or value
end
return held
"""


@dataclass
class Counts:
    """Calls within the window: `bad` ones by kind, and those that were not of that kind."""

    calls: int
    failed: int
    slow: int


@dataclass
class Reckoning:
    """Everything recorded in the current generation of a closed circuit, and the leases that are out."""

    policy: BreakerPolicy
    records: list[Record] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)
    failing: dict[str, int] = field(default_factory=dict)
    leases: dict[str, int] = field(default_factory=dict)  # until when (microseconds)
    trials: list[bool] = field(default_factory=list)  # of this generation; True was bad
    blurred: int = 0  # seconds of the window that jumps back have made uncertain

    def forget(self, everything: bool = False) -> None:
        """The window is cleared; or Redis is emptied."""
        self.records, self.failing, self.trials = [], {}, []
        if everything:
            self.seen, self.leases, self.blurred = {}, {}, 0

    def jump_back(self, by: int) -> None:
        """Redis's clock went back by so many microseconds, and what is remembered with it."""
        self.records = [(at - by, failed, slow) for at, failed, slow in self.records]
        for known in (self.seen, self.failing, self.leases):
            known.update({name: at - by for name, at in known.items()})
        self.blurred += 1

    def show(self, now: int, node: str) -> None:
        self.seen[node] = now

    def count(self, now: int, node: str, failed: bool, slow: bool) -> None:
        self.records.append((now, failed, slow))
        if failed or slow:
            self.failing[node] = now

    def certain(self, now: int) -> Counts:
        return self._within(now, self.policy.window - self.blurred)

    def possible(self, now: int) -> Counts:
        return self._within(now, self.policy.window + self.blurred)

    def _within(self, now: int, seconds: int) -> Counts:
        live = [record for record in self.records if now // SECOND - record[0] // SECOND < seconds]
        return Counts(len(live), sum(record[1] for record in live), sum(record[2] for record in live))

    def may_open(self, now: int) -> bool:
        """Whether the minimum and a rate can have been reached, seen by enough nodes."""
        some, most = self.certain(now), self.possible(now)
        return self._crossed(most, some) and self._nodes(now, self.failing, 1) >= min(
            2, self._nodes(now, self.seen, -1)
        )

    def must_open(self, now: int) -> bool:
        """Whether they have been for certain."""
        some, most = self.certain(now), self.possible(now)
        if not self._crossed(some, most):
            return False
        return self._nodes(now, self.failing, -1) >= 2 or self._nodes(now, self.seen, 1) <= 1

    def _crossed(self, bad: Counts, good: Counts) -> bool:
        # As many bad ones as `bad` has, among these and as many good ones as `good` has.
        policy = self.policy
        if bad.calls < policy.minimum:
            return False
        by_failure = bad.failed and bad.failed >= policy.failure_rate * (bad.failed + good.calls - good.failed)
        by_slowness = (
            policy.slow is not None and bad.slow and bad.slow >= policy.slow_rate * (bad.slow + good.calls - good.slow)
        )
        return bool(by_failure or by_slowness)

    def _nodes(self, now: int, known: dict[str, int], lean: int) -> int:
        length = (self.policy.window + lean * (1 + self.blurred)) * SECOND
        return sum(now - at < length for at in known.values())

    def lease(self, name: str, until: int) -> None:
        self.leases[name] = until

    def live(self, now: int) -> int:
        return sum(until > now for until in self.leases.values())

    def give_back(self, now: int, name: str) -> bool:
        """Whether the lease was still good."""
        return self.leases.pop(name, 0) > now


@dataclass(frozen=True)
class Stored:
    """What Redis holds, read past the script."""

    state: str
    mode: str
    generation: int
    until: int
    done: int
    calls: int
    leases: int


def read(client: redis.Redis, key: str, now: int) -> Stored | None:
    """None when there is nothing."""
    told = [text.decode() for text in client.eval(UNPACK, 1, key + "state")]
    if not told:
        return None
    held = dict(zip(told[::2], told[1::2], strict=True))
    live = client.zcount(key + "leases", f"({now}", "+inf")
    numbers = {name: int(float(held.get(name, 0))) for name in COUNTS}
    return Stored(state=held["state"], mode=held["mode"], leases=int(live), **numbers)
