"""Where the HTTP cache keeps its entries: in Redis, which may die at any time, or in this process's memory."""

import logging
import sqlite3
import time
from typing import Any
from uuid import uuid4

from hishel import BaseStorage, Entry, RedisStorage, Request, Response, SqliteStorage
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from integrations.absence import Absence

# Seconds an entry is kept at most, and bytes of one body and of all.
KEEP = 3600.0
BODY = 1 << 20
MEMORY = 32 << 20
WAIT = 0.25  # seconds: the cache must never cost more than it saves


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
    """hishel's own takes a failing Redis for a miss; this one also leaves it alone for a while."""

    def __init__(self, client: Redis, **options: Any) -> None:
        super().__init__(client, **options)
        self._absence = Absence()

    def create_entry(
        self, request: Request, response: Response, key: str, *, ttl: float | None = None, tti: float | None = None
    ) -> Entry:
        if self._absence.lost:
            return Entry(uuid4(), request, response)
        return super().create_entry(request, response, key, ttl=ttl, tti=tti)

    def _get_entries(self, key: str) -> list[Entry]:
        trial = self._absence.lost
        if trial and not self._absence.may_try():
            return []
        began = time.perf_counter()
        try:
            entries = super()._get_entries(key)
        except RedisError:
            self._absence.lose(trial, time.perf_counter() - began)
            raise  # to `get_entries`, which logs it
        self._absence.find()
        return entries


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
