"""A bucket of requests for every client, exact under concurrency: in Redis when there is one, else in this process.

The arithmetic is GCRA as throttled-py has it: one script, one round trip, Redis's own clock. Beside every bucket in
Redis this process keeps a twin, which pays first and is refunded what Redis refuses. The twin is never emptier than the
original, so it refuses only what Redis would, and spares it the asking; it goes on where Redis stopped when that dies;
and when Redis comes back and has forgotten everything, it remembers: no client gains a second burst from either.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from redis import Redis
from throttled import utils
from throttled.rate_limiter.gcra import MemoryLimitAtomicAction
from throttled.store.memory import BaseMemoryAtomicAction, BaseMemoryStoreBackend, MemoryStoreBackend
from throttled.types import KeyT, StoreValueT

from webhooks.api.shared import SharedBuckets

CLIENTS = 65_536  # remembered in this process; past that the least recently seen is forgotten


@dataclass(frozen=True)
class Quota:
    """`rate` requests a minute, of which `burst` may come at once."""

    rate: int
    burst: int

    @property
    def interval(self) -> float:
        """Seconds in which a bucket gains one request."""
        return 60 / self.rate


@dataclass(frozen=True)
class Allowance:
    """Whether this request may pass, how many more may at once, and in how many seconds it is one more."""

    quota: Quota
    admitted: bool
    left: int
    wait: float


class Buckets:
    """The buckets of all clients under one quota; without `client` they are this process's own."""

    def __init__(self, quota: Quota, client: Redis | None = None) -> None:
        self._quota = quota
        self._own = OwnBuckets(quota)
        self._shared = SharedBuckets(client, quota.interval, quota.burst) if client else None

    def take(self, name: str) -> Allowance:
        """Take one request from the bucket of this name, if there is one."""
        # Under another quota the stored numbers would mean something else.
        key = f"patchbay:api:{self._quota.rate}:{self._quota.burst}:{name}"
        asked = utils.now_mono_f()
        own = self._own.take(key)
        if self._shared is None or not own[0]:
            return self._allowance(*own)
        answer = self._shared.take(key)
        if answer is None:
            return self._allowance(*own)
        self._own.follow(key, asked, *answer)
        return self._allowance(*answer)

    def _allowance(self, admitted: bool, left: int, debt: float) -> Allowance:
        wait = debt - (self._quota.burst - 1 - left) * self._quota.interval
        return Allowance(self._quota, admitted, left, max(0.0, wait))


class OwnBuckets:
    """The buckets of this process; each answer is (admitted, left, seconds until the bucket is full)."""

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        backend = MemoryStoreBackend(None, {"MAX_SIZE": CLIENTS})
        self._take = MemoryLimitAtomicAction(backend)
        self._follow = Follow(backend)

    def take(self, key: str) -> tuple[bool, int, float]:
        limited, left, debt, _ = self._take.do([key], [self._quota.interval, self._quota.burst, 1])
        return not limited, 0 if limited else int(left), debt

    def follow(self, key: str, asked: float, admitted: bool, _left: int, debt: float) -> None:
        """What was taken here is what Redis, asked at that moment of our clock, has answered."""
        self._follow.do([key], [asked, 0 if admitted else self._quota.interval, debt])


class Follow(BaseMemoryAtomicAction):
    """Refunds a twin what the original refused, then empties it as far as the original is known to be.

    That is reckoned from the moment of asking, which is before Redis reckoned: the twin is full again no later than
    the original, so it never refuses what the original would admit.
    """

    TYPE = "follow"

    @classmethod
    def _do(
        cls, backend: BaseMemoryStoreBackend, keys: Sequence[KeyT], args: Sequence[StoreValueT] | None
    ) -> tuple[int | float, ...]:
        asked, refund, debt = (float(argument) for argument in args or ())
        full = max(float(backend.get(keys[0]) or asked) - refund, asked + debt)
        if full > asked:
            backend.set(keys[0], full, math.ceil(full - asked))
        return ()
