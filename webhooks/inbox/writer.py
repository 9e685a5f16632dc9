"""The durable write before the acknowledgement: one thread, one transaction for all that came meanwhile.

A single writer needs one database connection however many requests wait, and pays one fsync for all of them. It never
redacts: what has to be redacted is, before it comes here.
"""

import queue
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import structlog
from django.db import close_old_connections, connection

from webhooks.inbox import rules
from webhooks.inbox.gathering import Gathering
from webhooks.inbox.insertion import Row, insert
from webhooks.inbox.redacting import Redacting
from webhooks.inbox.waiting import Entry, Full, entry_of, settle
from webhooks.tasks import wake_drain

log = structlog.get_logger("inbox")

MOST_WAITING = 5000
MOST_AT_ONCE = 500
# Bytes of bodies and headers: while the database is away, memory must not be what ends the process. What is to be
# redacted has a bound of its own.
MOST_WAITING_BYTES, MOST_BYTES_AT_ONCE = 256 << 20, 16 << 20
BETWEEN_WAKES = 0.02  # seconds: a worker that is awake takes all that came meanwhile, however often it is woken

RULES_FOR = 5.0  # seconds: what staff decide of a source holds by then


class Inbox:
    """Stores deliveries for the event loop; `store` returns after the commit."""

    def __init__(self) -> None:
        # The simple one: its locks are taken in C, and every request passes here twice.
        self._entries: queue.SimpleQueue[list[Entry] | None] = queue.SimpleQueue()
        self._gathering = Gathering(self._entries.put)
        self._thread = threading.Thread(target=self._write_all, name="inbox", daemon=True)
        self._waker = threading.Thread(target=self._wake_all, name="inbox-waker", daemon=True)
        self._redacting = Redacting(self._redacted, lambda entry: self._entries.put([entry]))
        self._stopped = False
        self._waiting = self._held = 0  # requests, and their bytes; the event loop alone counts them
        self._news = threading.Event()
        self._closed = threading.Event()
        self._rules: rules.Rules | None = None
        self._rules_until = 0.0

    def start(self) -> None:
        self._thread.start()
        self._waker.start()

    def stop(self) -> None:
        """Store what is waiting, refuse what is not redacted yet and whatever comes later, then stop.

        Called on the event loop.
        """
        self._stopped = True
        self._gathering.hand_on()
        self._redacting.stop()
        self._entries.put(None)
        self._thread.join(timeout=10)
        self._closed.set()
        self._news.set()
        self._waker.join(timeout=10)

    async def store(self, rows: Sequence[Row]) -> None:
        """Commit the rows (`insertion.COLUMNS`), each once per (source, external id). `Full` when too much waits."""
        if self._stopped:
            raise Full
        entry, known = entry_of(rows), self._rules
        room, put = self._room, self._gathering.put
        if known is not None and known.redacts(rows):
            room, put = self._redacting.room, self._redacting.put
        with room(entry):
            put(entry)
            await entry.stored

    @contextmanager
    def _room(self, entry: Entry) -> Iterator[None]:
        """Count it among those that wait."""
        if self._waiting >= MOST_WAITING or self._held + entry.size > MOST_WAITING_BYTES:
            raise Full
        self._waiting += 1
        self._held += entry.size
        try:
            yield
        finally:
            self._waiting -= 1
            self._held -= entry.size

    def _redacted(self, entry: Entry) -> Entry:
        """Called by the redacting threads. Without rules it is left to the writer, who asks for them again."""
        known = self._rules
        return entry if known is None else replace(entry, rows=known.applied(entry.rows), ready=True)

    def _write_all(self) -> None:
        while True:
            # Between two batches: no sender waits for this query.
            self._renew_rules()
            try:
                batch = self._next_batch(timeout=RULES_FOR)
            except queue.Empty:
                continue
            if batch is None:
                break
            self._write(batch)
        connection.close()

    def _renew_rules(self) -> None:
        if time.monotonic() < self._rules_until:
            return
        try:
            self._learn_rules()
        except Exception as error:  # noqa: BLE001  without rules nothing is stored, and the sender comes again
            log.error("inbox.no_rules", error=repr(error))
            self._rules = None
            close_old_connections()

    def _learn_rules(self) -> rules.Rules:
        self._rules = known = rules.current()
        self._rules_until = time.monotonic() + RULES_FOR
        return known

    def _next_batch(self, timeout: float) -> list[Entry] | None:
        batch = self._entries.get(timeout=timeout)
        if batch is None:
            return None
        size = _size(batch)
        while len(batch) < MOST_AT_ONCE and size < MOST_BYTES_AT_ONCE:
            try:
                more = self._entries.get_nowait()
            except queue.Empty:
                break
            if more is None:
                self._entries.put(None)
                break
            batch += more
            size += _size(more)
        return batch

    def _write(self, batch: list[Entry]) -> None:
        try:
            known = self._rules or self._learn_rules()
            if not (batch := self._without_late(batch, known)):
                return
            insert([row for entry in batch for row in (entry.rows if entry.ready else known.applied(entry.rows))])
        except Exception as error:  # noqa: BLE001  whatever it was, nobody's request may hang on it
            log.error("inbox.not_stored", rows=sum(len(entry.rows) for entry in batch), error=repr(error))
            close_old_connections()
            settle(batch, error)
        else:
            settle(batch)
            self._news.set()

    def _without_late(self, batch: list[Entry], known: rules.Rules) -> list[Entry]:
        """Leave those to the redacting threads that came before the rule of their source was known here."""
        writable = []
        for entry in batch:
            if entry.ready or not known.redacts(entry.rows):
                writable.append(entry)
            else:
                self._redacting.put(entry)
        return writable

    def _wake_all(self) -> None:
        # A thread of its own: a broker that hangs must not keep the next request from being stored.
        while not self._closed.wait(BETWEEN_WAKES):
            self._news.wait()
            self._news.clear()
            if not self._closed.is_set():
                _wake()


def _size(entries: list[Entry]) -> int:
    return sum(entry.size for entry in entries)


def _wake() -> None:
    try:
        wake_drain()
    except Exception as error:  # noqa: BLE001  whatever ails the broker, the thread is needed for the next wake-up
        log.error("inbox.not_woken", error=repr(error))
