"""This process's sender: an engine in a thread of its own, begun when it is first nudged."""

import threading

import structlog

from webhooks.endpoints.engine import GRACE, Engine

log = structlog.get_logger("endpoints")


class Sender:
    """Keeps one engine running once there was something to send; one that has ended is begun anew."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._engine: Engine | None = None
        self._thread: threading.Thread | None = None

    def nudge(self) -> None:
        """Have the engine look for what is due."""
        with self._lock:
            if self._engine is None or self._thread is None or not self._thread.is_alive():
                self._engine = self._begin()
            self._engine.nudge()

    def stop(self) -> None:
        """End it, giving what is under way a few seconds."""
        with self._lock:
            if self._engine and self._thread:
                self._engine.stop()
                self._thread.join(GRACE + 2)
            self._engine = self._thread = None

    def _begin(self) -> Engine:
        engine = Engine()
        self._thread = threading.Thread(target=engine.run, name="endpoint-sender", daemon=True)
        self._thread.start()
        log.info("sender.began")
        return engine


sender = Sender()
