"""The buckets that all processes share, in Redis, and what is done about a Redis that does not answer."""

import time
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

from integrations.absence import Absence

log = structlog.get_logger("limits")

TIMEOUT = 0.25  # seconds a request may lose to finding out that Redis is gone
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
        self._absence = Absence(lambda: utils.now_mono_f())

    def take(self, key: str) -> tuple[bool, int, float] | None:
        """(admitted, left, seconds until the bucket is full); None when Redis does not say, or says nonsense."""
        trial = self._absence.lost
        if trial and not self._absence.may_try():
            return None
        began = time.perf_counter()
        try:
            limited, left, debt, _ = self._script.do([key], [self._interval, self._burst, 1])
            if debt > self._burst * self._interval + SLACK:
                # No bucket is that empty: Redis's clock was set back, which must not lock anybody out for as long.
                self._client.delete(key)
                return None
        except (StoreUnavailableError, RedisError) as error:
            if self._absence.lose(trial, time.perf_counter() - began):
                log.warning("limits.alone", error=str(error.__cause__ or error))
            return None
        if self._absence.find():
            log.info("limits.shared")
        return not limited, 0 if limited else int(left), float(debt)


class OurClient(RedisStoreBackend):
    """throttled's backend with the client it is given, instead of one that it makes and shares by URL."""

    def __init__(self, client: Redis) -> None:
        super().__init__()
        self._client = cast(SyncRedisClientP, client)
