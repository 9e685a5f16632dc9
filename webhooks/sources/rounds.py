"""The thread that keeps a process's picture of its sources fresh, and writes down what was forged meanwhile."""

import os
import threading

import structlog
from django.conf import settings
from django.db import connection

from webhooks.sources.forgeries import forgeries
from webhooks.sources.snapshot import snapshot

log = structlog.get_logger("sources")


class Rounds:
    """Looks every `SOURCES_SECONDS`; 0 looks only when asked to, by `make`."""

    def __init__(self) -> None:
        self.forked()

    def forked(self) -> None:
        """In a child: no thread runs here, and what the parent noted is the parent's to write."""
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        snapshot.forget()
        forgeries.forget()

    def start(self) -> None:
        """Look now, and from now on; a second start changes nothing."""
        with self._lock:
            if self._thread is None and settings.SOURCES_SECONDS:
                self._thread = threading.Thread(target=self._run, args=(self._closing,), name="sources", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Write what is left, and end."""
        thread = self._thread
        if thread is not None:
            self._closing.set()
            thread.join(timeout=5)
            self._closing, self._thread = threading.Event(), None

    def make(self) -> None:
        """One round. What fails is said in the log and tried again with the next."""
        for work in (snapshot.refresh, forgeries.flush):
            try:
                work()
            except Exception as error:  # noqa: BLE001  the next round may find the database again
                log.error("sources.round_failed", work=work.__name__, error=repr(error))
                connection.close()

    def _run(self, closing: threading.Event) -> None:
        self.make()
        while not closing.wait(settings.SOURCES_SECONDS):
            self.make()
        self.make()
        connection.close()


rounds = Rounds()
os.register_at_fork(after_in_child=rounds.forked)
