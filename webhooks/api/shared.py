"""The buckets that all processes share, in Redis, and what is done about a Redis that does not answer."""

from threading import Lock
from typing import cast

import structlog
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Disconnected
from redis.retry import Retry
from throttled import utils
from throttled.exceptions import StoreUnavailableError
from throttled.rate_limiter.gcra import RedisLimitAtomicAction
from throttled.store.redis import RedisStoreBackend
from throttled.types import SyncRedisClientP

log = structlog.get_logger("limits")

TIMEOUT = 0.25  # seconds a request may lose to finding out that Redis is gone
PAUSE = 1.0  # seconds in which nobody asks a Redis that was found gone
SLACK = 1.0  # seconds


def connect(url: str) -> Redis:
    """A client that gives up early; one quick second try is for a connection gone stale."""
    return Redis.from_url(
        url,
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
        retry=Retry(NoBackoff(), 1, supported_errors=(Disconnected,)),
    )


class SharedBuckets:
    """Each bucket gains a request every `interval` seconds and holds `burst` of them."""

    def __init__(self, client: Redis, interval: float, burst: int) -> None:
        self._client, self._interval, self._burst = client, interval, burst
        self._script = RedisLimitAtomicAction(OurClient(client))
        self._lock = Lock()
        self._ask_at = 0.0  # on the monotonic clock; 0 as long as Redis answers

    def take(self, key: str) -> tuple[bool, int, float] | None:
        """(admitted, left, seconds until the bucket is full); None when Redis does not say, or says nonsense."""
        if not self._may_ask():
            return None
        try:
            limited, left, debt, _ = self._script.do([key], [self._interval, self._burst, 1])
            if debt > self._burst * self._interval + SLACK:
                # No bucket is that empty: Redis's clock was set back, which must not lock anybody out for as long.
                self._client.delete(key)
                return None
        except (StoreUnavailableError, RedisError) as error:
            self._gone(error)
            return None
        self._answered()
        return not limited, 0 if limited else int(left), float(debt)

    def _may_ask(self) -> bool:
        """Always while Redis answers; else once a `PAUSE`, for one thread to find out for all."""
        if not self._ask_at:
            return True
        with self._lock:
            now = utils.now_mono_f()
            if now < self._ask_at:
                return False
            self._ask_at = now + PAUSE
            return True

    def _gone(self, error: Exception) -> None:
        with self._lock:
            first, self._ask_at = not self._ask_at, utils.now_mono_f() + PAUSE
        if first:
            log.warning("limits.alone", error=str(error.__cause__ or error))

    def _answered(self) -> None:
        if not self._ask_at:
            return
        with self._lock:
            first, self._ask_at = bool(self._ask_at), 0.0
        if first:
            log.info("limits.shared")


class OurClient(RedisStoreBackend):
    """throttled's backend with the client it is given, instead of one that it makes and shares by URL."""

    def __init__(self, client: Redis) -> None:
        super().__init__()
        self._client = cast(SyncRedisClientP, client)
