"""The durable write before the acknowledgement: one thread, one transaction for all that came meanwhile.

A single writer needs one database connection however many requests wait, and pays one fsync for all of them.
"""

import asyncio
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from django.db import close_old_connections, connection

from webhooks.insertion import Row, insert
from webhooks.tasks import wake_drain

log = structlog.get_logger("inbox")

MOST_WAITING = 5000
MOST_AT_ONCE = 500
BETWEEN_WAKES = 0.02  # seconds: a worker that is awake takes all that came meanwhile, however often it is woken


class Full(Exception):
    """More is waiting to be stored than may wait: the sender is asked to come again."""


@dataclass(frozen=True)
class Entry:
    """The rows of one request, and the promise that is kept once they are committed."""

    rows: Sequence[Row]
    stored: "asyncio.Future[None]"


class Inbox:
    """Stores deliveries for the event loop; `store` returns after the commit."""

    def __init__(self) -> None:
        self._entries: queue.Queue[Entry | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._write_all, name="inbox", daemon=True)
        self._waker = threading.Thread(target=self._wake_all, name="inbox-waker", daemon=True)
        self._news = threading.Event()
        self._closed = threading.Event()

    def start(self) -> None:
        self._thread.start()
        self._waker.start()

    def stop(self) -> None:
        """Store what is waiting, then stop."""
        self._entries.put(None)
        self._thread.join(timeout=10)
        self._closed.set()
        self._news.set()
        self._waker.join(timeout=10)

    async def store(self, rows: Sequence[Row]) -> None:
        """Commit the rows (`insertion.COLUMNS`), each once per (source, external id). `Full` when too much waits."""
        entry = Entry(rows, asyncio.get_running_loop().create_future())
        try:
            self._entries.put_nowait(entry)
        except queue.Full:
            raise Full from None
        await entry.stored

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
        error = _attempt([row for entry in batch for row in entry.rows])
        # One hop onto the event loop for all: a hop each would cost more than the rows do.
        batch[0].stored.get_loop().call_soon_threadsafe(_settle, batch, error)
        if error is None:
            self._news.set()

    def _wake_all(self) -> None:
        # A thread of its own: a broker that hangs must not keep the next request from being stored.
        while not self._closed.wait(BETWEEN_WAKES):
            self._news.wait()
            self._news.clear()
            if not self._closed.is_set():
                wake_drain()


def _attempt(rows: Sequence[Row]) -> Exception | None:
    try:
        insert(rows)
    except Exception as error:  # noqa: BLE001  whatever it was, nobody's request may hang on it
        log.error("inbox.not_stored", rows=len(rows), error=repr(error))
        close_old_connections()
        return error
    return None


def _settle(batch: list[Entry], error: Exception | None) -> None:
    for entry in batch:
        if entry.stored.done():  # the server has given this request up
            continue
        if error:
            entry.stored.set_exception(error)
        else:
            entry.stored.set_result(None)
