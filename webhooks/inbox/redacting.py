"""Bodies are redacted before they are written, by threads of their own that the sources have in turn.

It computes, at some 4 MB a second and at a tenth of that where it meets the worst: what waits for it waits for nothing
else, and is bounded by itself, so that neither the writer nor another source has to wait with it.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import structlog

from webhooks.inbox.insertion import COLUMNS
from webhooks.inbox.waiting import Entry, Full, settle

log = structlog.get_logger("inbox")

MOST_WAITING_BYTES = 16 << 20
A_TURN = 64 << 10  # bytes that a source has redacted before another has its turn
_BESIDES = 4 << 10  # bytes that a request takes beside its headers and body
_SOURCE = COLUMNS.index("source")


class Redacting:
    """Applies `redact` to entries and hands what it gives to `then`; nothing is handed on after `stop`."""

    def __init__(self, redact: Callable[[Entry], Entry], then: Callable[[Entry], None]) -> None:
        self._redact, self._then = redact, then
        # They take turns on one processor: with two, one source's long body waits for no other's.
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="redacting")
        self._held: Counter[str] = Counter()  # bytes, by source; the event loop alone counts them
        self._lock = threading.Lock()
        self._lanes: dict[str, deque[Entry]] = {}  # of the sources that wait for a turn or have it
        self._stopped = False

    @contextmanager
    def room(self, entry: Entry) -> Iterator[None]:
        """Room for an entry until it is committed. `Full` where its source would hold more than is left for others.

        So one source has half of it at most, two a third each, and whoever has nothing waiting is never refused.
        """
        source, size = _source(entry), entry.size + _BESIDES
        if (mine := self._held[source]) and mine + size > MOST_WAITING_BYTES - self._held.total():
            raise Full
        self._held[source] += size
        try:
            yield
        finally:
            self._held[source] -= size
            if not self._held[source]:
                del self._held[source]

    def put(self, entry: Entry) -> None:
        """Have it redacted when its source has its turn."""
        source = _source(entry)
        with self._lock:
            if not self._stopped:
                if source not in self._lanes:
                    self._threads.submit(self._turn, source)
                self._lanes.setdefault(source, deque()).append(entry)
                return
        settle([entry], Full())

    def stop(self) -> None:
        """Refuse what is not redacted yet: its sender comes again."""
        with self._lock:
            self._stopped = True
            for lane in self._lanes.values():
                settle(lane, Full())
                lane.clear()
        # What is being redacted must not come to a writer that is gone.
        self._threads.shutdown()

    def _turn(self, source: str) -> None:
        size = 0
        while size < A_TURN and (entry := self._next(source)):
            size += entry.size
            self._finish(entry)
        with self._lock:
            if not self._lanes[source]:
                del self._lanes[source]
            elif not self._stopped:
                self._threads.submit(self._turn, source)  # behind the others

    def _next(self, source: str) -> Entry | None:
        with self._lock:
            return self._lanes[source].popleft() if self._lanes[source] else None

    def _finish(self, entry: Entry) -> None:
        if entry.stored.done():  # the server has given this request up
            return
        try:
            redacted = self._redact(entry)
        except Exception as error:  # noqa: BLE001  whatever it was, nobody's request may hang on it
            log.error("inbox.not_stored", rows=len(entry.rows), error=repr(error))
            settle([entry], error)
            return
        if self._stopped:
            settle([entry], Full())
        else:
            self._then(redacted)


def _source(entry: Entry) -> str:
    """That of its rows: one request is one source's."""
    return str(entry.rows[0][_SOURCE])
