"""Where the HTTP cache keeps its entries: in Redis, which may die at any time, or in this process's memory."""

import logging
import sqlite3
import time
from uuid import uuid4

from hishel import BaseStorage, Entry, RedisStorage, Request, Response, SqliteStorage
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

# Seconds an entry is kept at most, and bytes of one body and of all.
KEEP = 3600.0
BODY = 1 << 20
MEMORY = 32 << 20
# Seconds: the cache must never cost more than it saves, so a Redis that is away is left alone for a while.
WAIT = 0.25
REST = 1.0


def in_memory() -> BaseStorage:
    """Entries in this process, gone with it: nothing of a vendor's data lies on the disk."""
    return SqliteStorage(
        connection=sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None),
        default_ttl=KEEP,
        max_stream_size=BODY,
        max_size=MEMORY,
        soft_delete_ttl=10,
    )


def in_redis(url: str) -> BaseStorage:
    """Entries that all processes share."""
    client = Redis.from_url(url, socket_timeout=WAIT, socket_connect_timeout=WAIT, retry=Retry(NoBackoff(), 0))
    return RestingRedis(client, default_ttl=KEEP, max_stream_size=BODY, key_prefix="patchbay:http")


class RestingRedis(RedisStorage):
    """hishel's own takes a failing Redis for a miss; this one also stops asking it, for a second after each failure."""

    _rests_until = 0.0

    def create_entry(
        self, request: Request, response: Response, key: str, *, ttl: float | None = None, tti: float | None = None
    ) -> Entry:
        if time.monotonic() < self._rests_until:
            return Entry(uuid4(), request, response)
        return super().create_entry(request, response, key, ttl=ttl, tti=tti)

    def _get_entries(self, key: str) -> list[Entry]:
        if time.monotonic() < self._rests_until:
            return []
        try:
            return super()._get_entries(key)
        except RedisError:
            self._rests_until = time.monotonic() + REST
            raise  # to `get_entries`, which logs it


class OnceASecond(logging.Filter):
    """Lets one line a second through, with the error in a word in place of its traceback."""

    _next = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        if record.created < self._next:
            return False
        self._next = record.created + 1.0
        if record.exc_info:
            record.msg, record.args = f"{record.getMessage()}: {record.exc_info[1]!r}", ()
            record.exc_info = record.exc_text = None
        return True


for module in (RedisStorage.__module__, SqliteStorage.__module__):
    logging.getLogger(module).addFilter(OnceASecond())
