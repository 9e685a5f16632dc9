"""Scripts in Redis at the price of one round trip: a connection a thread, and none of the client's layers above it.

The client's own `execute_command` costs as much again as the round trip does, twice for every call to a vendor.
"""

import hashlib
import threading
from collections.abc import Callable
from typing import Any

import redis
from redis.connection import ConnectionInterface, ConnectionPool

Script = Callable[..., list[Any]]


class Wire:
    """Connections to the Redis at `url`, made on first need; `redis.RedisError` when it does not answer in time."""

    def __init__(self, url: str, patience: float) -> None:
        self._pool = ConnectionPool.from_url(url, socket_timeout=patience, socket_connect_timeout=patience)
        self._mine = threading.local()

    def script(self, source: str, keys: list[str]) -> Script:
        """The script as a function of its arguments, which are texts."""
        digest = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()

        def run(*arguments: str) -> list[Any]:
            try:
                return self._ask("EVALSHA", digest, len(keys), *keys, *arguments)
            except redis.exceptions.NoScriptError:
                return self._ask("EVAL", source, len(keys), *keys, *arguments)

        return run

    def _ask(self, *command: Any) -> list[Any]:
        connection, fresh = self._connection()
        try:
            return _exchange(connection, command)
        except redis.ConnectionError:
            # One that lay idle may have been closed meanwhile: that says nothing about a new one.
            if fresh:
                raise
        return _exchange(connection, command)

    def _connection(self) -> tuple[ConnectionInterface, bool]:
        known: ConnectionInterface | None = getattr(self._mine, "connection", None)
        if known is not None and known.is_connected:
            return known, False
        if known is None:
            self._mine.connection = known = self._pool.make_connection()
        return known, True


def _exchange(connection: Any, command: tuple[Any, ...]) -> list[Any]:
    try:
        connection.send_command(*command)
        answer: list[Any] = connection.read_response()
        return answer
    except redis.exceptions.ResponseError:
        raise
    except BaseException:
        # Half an exchange: what comes next on this connection would be the answer to another question.
        connection.disconnect()
        raise
