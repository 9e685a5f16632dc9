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

from integrations.absence import Absence

log = structlog.get_logger("circuit")


class Away(redis.ConnectionError):
    """Redis was lost a moment ago, and is not asked again yet."""


class Wire:
    """Connections to the Redis at `url`, made on first need; `redis.RedisError` when it does not answer in time.

    Once it is lost it is left alone as `Absence` has it: `Away` at once for whoever is not to try it again.
    """

    def __init__(self, url: str, patience: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = ConnectionPool.from_url(
            url,
            socket_timeout=patience,
            socket_connect_timeout=patience,
            protocol=2,
            driver_info=None,  # two more round trips for every new connection
            max_connections=1 << 31,  # it counts what was ever made, and threads come and go
        )
        self._mine = threading.local()
        self._absence = Absence(clock)

    def script(self, source: str, keys: list[str]) -> "Script":
        """The script, to be run on these keys."""
        return Script(self, source, keys)

    def tell(self, command: bytes) -> None:
        """Send the command and do not wait: its answer is dropped when the next one on this connection is read."""
        connection: Any
        connection, fresh = self._connection()
        if fresh or self._absence.lost:
            self.ask(command)
            return
        try:
            connection.send_packed_command((command,))
            self._mine.owed += 1
        except redis.RedisError as error:
            self._cut(connection)
            self._lose(error, False, 0.0)
            raise

    def ask(self, command: bytes) -> list[Any]:
        """The answer to the command, which is packed already."""
        trial = self._absence.lost
        if trial and not self._absence.may_try():
            raise Away("Redis was lost a moment ago")
        began = time.perf_counter()
        try:
            answer = self._once_or_anew(command)
        except redis.ResponseError:
            self._find()  # no good answer, but an answer
            raise
        except redis.RedisError as error:
            self._lose(error, trial, time.perf_counter() - began)
            raise
        if self._absence.lost:
            self._find()
        return answer

    def _once_or_anew(self, command: bytes) -> list[Any]:
        connection, fresh = self._connection()
        try:
            return self._exchange(connection, command)
        except redis.ConnectionError:
            # One that lay idle may have been closed meanwhile: that says nothing about a new one.
            if fresh:
                raise
        return self._exchange(connection, command)

    def _exchange(self, connection: Any, command: bytes) -> list[Any]:
        try:
            connection.send_packed_command((command,))
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

    def _lose(self, error: redis.RedisError, trial: bool, took: float) -> None:
        if self._absence.lose(trial, took):
            log.error("redis.away", error=repr(error))

    def _find(self) -> None:
        if self._absence.find():
            log.warning("redis.back")


class Script:
    """A script in Redis. Its arguments are texts. What is the same in every call is packed once."""

    def __init__(self, wire: Wire, source: str, keys: list[str]) -> None:
        self._wire = wire
        self._size = 3 + len(keys)
        digest = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()
        self._known, self._whole = (
            _packed(command, text, str(len(keys)), *keys) for command, text in (("EVALSHA", digest), ("EVAL", source))
        )

    def __call__(self, *arguments: str) -> list[Any]:
        try:
            return self._wire.ask(self._command(self._known, arguments))
        except redis.exceptions.NoScriptError:
            return self._wire.ask(self._command(self._whole, arguments))

    def tell(self, *arguments: str) -> None:
        """Run it without waiting for what it answers."""
        self._wire.tell(self._command(self._known, arguments))

    def _command(self, beginning: bytes, arguments: tuple[str, ...]) -> bytes:
        return b"*%d\r\n%b%b" % (self._size + len(arguments), beginning, _packed(*arguments))


def _packed(*words: str) -> bytes:
    """The words as Redis reads them. https://redis.io/docs/latest/develop/reference/protocol-spec/"""
    return b"".join([b"$%d\r\n%b\r\n" % (len(word), word) for word in map(str.encode, words)])
