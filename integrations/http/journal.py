"""Records of calls on their way to the database: taken in at once, written every few seconds by one thread.

Nothing here waits for the database, and nothing is rolled back with a caller's transaction. What cannot be kept is
counted as lost; the last seconds before a kill -9 are.
"""

import atexit
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

import structlog
from django.conf import settings
from django.db import connection

from integrations.buckets import bucket_of
from integrations.database import AWAY
from integrations.http import metrics, quota

log = structlog.get_logger("vendor")

MOST_FAILURES = 1000
MOST_COUNTS = 20_000
LONGEST_PAUSE = 60.0


class Failure(NamedTuple):
    """A failed attempt as it was noted. `at` is Unix time."""

    vendor: str
    operation: str
    status: int | None
    outcome: str
    latency_ms: int
    attempt: int
    request_id: str
    excerpt: str
    at: float


class Slot(NamedTuple):
    """What attempts are counted by; the minute is Unix time divided by 60."""

    vendor: str
    minute: int
    ok: bool
    bucket_ms: int

    @property
    def starts(self) -> datetime:
        return datetime.fromtimestamp(self.minute * 60, UTC)


Store = Callable[[Mapping[Slot, int], Sequence[Failure]], None]


class Journal:
    """Takes records from every thread. `every` is seconds between two writings; 0 writes only by `flush`."""

    def __init__(self, store: Store, every: float) -> None:
        self._store, self._every = store, every
        self._writing = threading.Lock()
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, int, bool, int]] = Counter()
        self._failures: list[Failure] = []
        self._rejections: Counter[tuple[str, str, str]] = Counter()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._in_vain = 0

    # What the callers do

    def count(self, vendor: str, ok: bool, milliseconds: float) -> None:
        """An attempt has ended."""
        slot = (vendor, int(time.time()) // 60, ok, bucket_of(milliseconds))
        with self._lock:
            room = slot in self._counts or len(self._counts) < MOST_COUNTS
            if room:
                self._counts[slot] += 1
        if not room:
            metrics.lost.count("count")
        if self._thread is None:
            self._start()

    def keep(self, failure: Failure) -> None:
        """An attempt has failed."""
        with self._lock:
            kept = len(self._failures) < MOST_FAILURES
            if kept:
                self._failures.append(failure)
        if not kept:
            metrics.lost.count("failure")

    def reject(self, vendor: str, operation: str, code: str) -> bool:
        """A call was not let out; whether it is the first of its sort since the last writing."""
        sort = (vendor, operation, code)
        with self._lock:
            times = self._rejections.get(sort, 0) + 1
            self._rejections[sort] = times
        if self._thread is None:
            self._start()
        return times == 1

    # What the thread does

    def flush(self) -> None:
        """Write what has come together. While the database is away it is kept, as far as there is room."""
        with self._writing:
            quota.share()
            counts, failures, rejections = self._take()
            _tell(rejections)
            if counts or failures:
                self._write(counts, failures)

    def close(self) -> None:
        """Have the thread write what is left and end; a later record starts another."""
        thread = self._thread
        if thread is None:
            return
        self._closing.set()
        thread.join(timeout=5)
        self._closing = threading.Event()
        self._thread = None

    def forked(self) -> None:
        """In a child: what the parent has not written yet is the parent's to write."""
        self._writing = threading.Lock()
        self._reset()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and self._every:
                self._thread = threading.Thread(target=self._run, args=(self._closing,), name="journal", daemon=True)
                self._thread.start()

    def _run(self, closing: threading.Event) -> None:
        while not closing.wait(min(self._every * 2**self._in_vain, LONGEST_PAUSE)):
            self._flush_whatever_comes()
            if self._in_vain:
                connection.close()
        self._flush_whatever_comes()
        connection.close()

    def _flush_whatever_comes(self) -> None:
        try:
            self.flush()
        except Exception as error:  # noqa: BLE001  a thread that ended would leave every later call unrecorded
            log.error("journal.failed", error=repr(error))

    def _take(self) -> tuple[Counter[tuple[str, int, bool, int]], list[Failure], Counter[tuple[str, str, str]]]:
        with self._lock:
            taken = self._counts, self._failures, self._rejections
            self._counts, self._failures, self._rejections = Counter(), [], Counter()
        return taken

    def _write(self, counts: Counter[tuple[str, int, bool, int]], failures: list[Failure]) -> None:
        try:
            self._store({Slot(*slot): count for slot, count in counts.items()}, failures)
            self._in_vain = 0
        except (*AWAY, OSError) as error:
            log.error("calls.not_stored", again=True, error=repr(error))
            self._in_vain = min(self._in_vain + 1, 5)
            self._put_back(counts, failures)
        except Exception as error:  # noqa: BLE001  it would fail for ever, and take all that comes after it along
            log.error("calls.not_stored", again=False, error=repr(error))
            self._lose(sum(counts.values()), len(failures))

    def _put_back(self, counts: Counter[tuple[str, int, bool, int]], failures: list[Failure]) -> None:
        with self._lock:
            room = max(0, MOST_FAILURES - len(self._failures))
            self._failures = failures[:room] + self._failures
            kept = Counter(dict(islice(counts.items(), max(0, MOST_COUNTS - len(self._counts)))))
            self._counts.update(kept)
        self._lose(counts.total() - kept.total(), len(failures) - room)

    def _lose(self, counts: int, failures: int) -> None:
        for kind, number in (("count", counts), ("failure", failures)):
            if number > 0:
                metrics.lost.add(number, kind)


def _tell(rejections: Counter[tuple[str, str, str]]) -> None:
    """Count them. The first of each sort was told at once; of the others it is said how many they were."""
    for (vendor, operation, code), times in rejections.items():
        metrics.rejections.add(times, vendor, operation, code)
        if times > 1:
            log.warning("vendor.rejected", vendor=vendor, operation=operation, code=code, times=times - 1)


def _into_rows(counts: Mapping[Slot, int], failures: Sequence[Failure]) -> None:
    from integrations import callstore  # rows are there once the apps are

    callstore.store(counts, failures)


journal = Journal(_into_rows, settings.JOURNAL_SECONDS)
os.register_at_fork(after_in_child=journal.forked)
atexit.register(journal.close)
