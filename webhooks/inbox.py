"""The durable write before the acknowledgement: one thread, one transaction for all that came meanwhile.

A single writer needs one database connection however many requests wait, and pays one fsync for all of them.
"""

import asyncio
import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from django.db import close_old_connections, connection, transaction

from webhooks.tasks import wake_drain

log = structlog.get_logger("inbox")

MOST_WAITING = 5000
MOST_AT_ONCE = 500
COLUMNS = ("source", "external_id", "kind", "object_key", "headers", "body", "request_id", "received_at")


class Full(Exception):
    """More is waiting to be stored than may wait: the sender is asked to come again."""


@dataclass(frozen=True)
class Entry:
    """The rows of one request, and the promise that is kept once they are committed."""

    rows: Sequence[tuple[object, ...]]
    stored: "Future[None]" = field(default_factory=Future)


class Inbox:
    """Stores deliveries for the event loop; `store` returns after the commit."""

    def __init__(self) -> None:
        self._entries: queue.Queue[Entry | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._write_all, name="inbox", daemon=True)
        self._waker = threading.Thread(target=self._wake_all, name="inbox-waker", daemon=True)
        self._news = threading.Event()
        self._closing = False

    def start(self) -> None:
        self._thread.start()
        self._waker.start()

    def stop(self) -> None:
        """Store what is waiting, then stop."""
        self._entries.put(None)
        self._thread.join(timeout=10)
        self._closing = True
        self._news.set()
        self._waker.join(timeout=10)

    async def store(self, rows: Sequence[tuple[object, ...]]) -> None:
        """Commit the rows (`COLUMNS`), each once per (source, external id). `Full` when too much waits."""
        entry = Entry(rows)
        try:
            self._entries.put_nowait(entry)
        except queue.Full:
            raise Full from None
        await asyncio.wrap_future(entry.stored)

    def _write_all(self) -> None:
        while (batch := self._next_batch()) is not None:
            self._write(batch)
        connection.close()

    def _next_batch(self) -> list[Entry] | None:
        first = self._entries.get()
        if first is None:
            return None
        batch = [first]
        while len(batch) < MOST_AT_ONCE:
            try:
                entry = self._entries.get_nowait()
            except queue.Empty:
                break
            if entry is None:
                self._entries.put(None)
                break
            batch.append(entry)
        return batch

    def _write(self, batch: list[Entry]) -> None:
        try:
            insert([row for entry in batch for row in entry.rows])
        except Exception as error:  # noqa: BLE001  whatever it was, nobody's request may hang on it
            log.error("inbox.not_stored", entries=len(batch), error=repr(error))
            close_old_connections()
            for entry in batch:
                entry.stored.set_exception(error)
            return
        for entry in batch:
            entry.stored.set_result(None)
        self._news.set()

    def _wake_all(self) -> None:
        # A thread of its own: a broker that hangs must not keep the next request from being stored.
        while not self._closing:
            self._news.wait()
            self._news.clear()
            if not self._closing:
                wake_drain()


def insert(rows: Sequence[tuple[object, ...]]) -> None:
    """Insert deliveries in one statement and one commit; those that are known already are passed over."""
    _INSERT[connection.vendor](rows)


_NAMES = ", ".join((*COLUMNS, "state", "attempts", "due_at", "facts", "error"))
_TYPES = dict.fromkeys(COLUMNS, "text") | {"body": "bytea", "received_at": "timestamptz"}
# One parameter a column, in binary: parsing and planning cost the same for one row and for five hundred.
_ARRAYS = ", ".join(f"%b::{_TYPES[name]}[]" for name in COLUMNS)
_VALUES = ", ".join("headers::jsonb" if name == "headers" else name for name in COLUMNS)
_UNNEST = (
    f"INSERT INTO webhooks_delivery ({_NAMES}) SELECT {_VALUES}, 'pending', 0, now(), '[]'::jsonb, '' "  # noqa: S608
    f"FROM unnest({_ARRAYS}) AS given ({', '.join(COLUMNS)}) ON CONFLICT DO NOTHING"
)
_ONE_BY_ONE = (
    f"INSERT OR IGNORE INTO webhooks_delivery ({_NAMES}) "  # noqa: S608  constants of this module
    f"VALUES ({', '.join(['%s'] * len(COLUMNS))}, 'pending', 0, %s, '[]', '')"
)


def _insert_postgresql(rows: Sequence[tuple[object, ...]]) -> None:
    import psycopg  # only where PostgreSQL is

    connection.ensure_connection()
    columns = [list(column) for column in zip(*rows, strict=True)]
    # psycopg's own cursor sends parameters to the server; Django's would write them into the statement.
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(_UNNEST, columns)


def _insert_sqlite(rows: Sequence[tuple[object, ...]]) -> None:
    adapted = [(*row[:-1], _sqlite_time(row[-1]), _sqlite_time(row[-1])) for row in rows]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(_ONE_BY_ONE, adapted)  # type: ignore[arg-type]


def _sqlite_time(value: object) -> str:
    assert isinstance(value, datetime)
    return value.replace(tzinfo=None).isoformat(" ")


_INSERT = {"postgresql": _insert_postgresql, "sqlite": _insert_sqlite}
