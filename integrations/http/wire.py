"""Scripts in Redis at the price of one round trip: a connection a thread, and none of the client's layers above it.

The client's own `execute_command` costs as much again as the round trip does, twice for every call to a vendor.
"""

import hashlib
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import redis
import structlog
from redis.connection import ConnectionInterface, ConnectionPool

log = structlog.get_logger("circuit")

SHORTEST, LONGEST = 1.0, 30.0  # seconds that a lost Redis is left alone
COSTLY = 0.01  # seconds: a failure that took longer was waited for


class Away(redis.ConnectionError):
    """Redis was lost a moment ago, and is not asked again yet."""


class Wire:
    """Connections to the Redis at `url`, made on first need; `redis.RedisError` when it does not answer in time.

    Once it is lost, one thread at a time tries it again, every second; less and less often, up to every 30 s, while
    the trying takes time, as with a Redis that hangs. `Away` at once for all the others.
    """

    def __init__(self, url: str, patience: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = ConnectionPool.from_url(
            url,
            socket_timeout=patience,
            socket_connect_timeout=patience,
            protocol=2,
            max_connections=1 << 31,  # it counts what was ever made, and threads come and go
        )
        self._mine = threading.local()
        self._clock, self._lock = clock, threading.Lock()
        self._lost, self._try_at, self._pause = False, 0.0, SHORTEST

    def script(self, source: str, keys: list[str]) -> "Script":
        """The script, to be run on these keys."""
        return Script(self, source, keys)

    def tell(self, *command: Any) -> None:
        """Send the command and do not wait: its answer is dropped when the next one on this connection is read."""
        connection: Any
        connection, fresh = self._connection()
        if fresh or self._lost:
            self.ask(*command)
            return
        try:
            connection.send_command(*command)
            self._mine.owed += 1
        except redis.RedisError as error:
            self._cut(connection)
            self._lose(error, False, 0.0)
            raise

    def ask(self, *command: Any) -> list[Any]:
        """The answer to the command."""
        trial = self._lost and self._take_the_trial()
        began = time.perf_counter()
        try:
            answer = self._once_or_anew(command)
        except redis.ResponseError:
            self._find()  # no good answer, but an answer
            raise
        except redis.RedisError as error:
            self._lose(error, trial, time.perf_counter() - began)
            raise
        self._find()
        return answer

    def _once_or_anew(self, command: tuple[Any, ...]) -> list[Any]:
        connection, fresh = self._connection()
        try:
            return self._exchange(connection, command)
        except redis.ConnectionError:
            # One that lay idle may have been closed meanwhile: that says nothing about a new one.
            if fresh:
                raise
        return self._exchange(connection, command)

    def _exchange(self, connection: Any, command: tuple[Any, ...]) -> list[Any]:
        try:
            connection.send_command(*command)
            while self._mine.owed:
                self._mine.owed -= 1
                with suppress(redis.ResponseError):
                    connection.read_response()
            answer: list[Any] = connection.read_response()
            return answer
        except redis.ResponseError:
            raise
        except BaseException:
            # Half an exchange: what comes next on this connection would be the answer to another question.
            self._cut(connection)
            raise

    def _cut(self, connection: Any) -> None:
        connection.disconnect()
        self._mine.owed = 0

    def _connection(self) -> tuple[ConnectionInterface, bool]:
        known: Any = getattr(self._mine, "connection", None)
        if known is None or known.pid != os.getpid():  # a fork's parent reads from the same socket
            known = self._mine.connection = self._pool.make_connection()
            self._mine.owed = 0
        return known, not known.is_connected

    def _take_the_trial(self) -> bool:
        with self._lock:
            now = self._clock()
            if now < self._try_at:
                raise Away("Redis was lost a moment ago")
            self._try_at = now + self._pause
            return True

    def _lose(self, error: redis.RedisError, trial: bool, took: float) -> None:
        with self._lock:
            if self._lost and not trial:
                return  # one of many that were under way when it was lost
            if not self._lost:
                log.error("redis.away", error=repr(error))
            elif took > COSTLY:
                self._pause = min(self._pause * 2, LONGEST)
            self._lost, self._try_at = True, self._clock() + self._pause

    def _find(self) -> None:
        if not self._lost:
            return
        with self._lock:
            found, self._lost, self._pause = self._lost, False, SHORTEST
        if found:
            log.warning("redis.back")


class Script:
    """A script in Redis. Its arguments are texts."""

    def __init__(self, wire: Wire, source: str, keys: list[str]) -> None:
        self._wire, self._source, self._keys = wire, source, keys
        self._digest = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, *arguments: str) -> list[Any]:
        try:
            return self._wire.ask("EVALSHA", self._digest, len(self._keys), *self._keys, *arguments)
        except redis.exceptions.NoScriptError:
            return self._wire.ask("EVAL", self._source, len(self._keys), *self._keys, *arguments)

    def tell(self, *arguments: str) -> None:
        """Run it without waiting for what it answers."""
        self._wire.tell("EVALSHA", self._digest, len(self._keys), *self._keys, *arguments)
