"""Whether a server that we can do without is away: then it is left alone, and one tries it again for all."""

import threading
import time
from collections.abc import Callable

SHORTEST, LONGEST = 1.0, 30.0  # seconds that a lost server is left alone
COSTLY = 0.01  # seconds: a failure that took longer was waited for


class Absence:
    """What this process knows of one server. `clock` gives seconds; safe to share between threads.

    While it is not `lost`, nothing need be asked of this class. Once it is, whoever `may_try` tries it: one thread at
    a time, every second; less and less often, up to every 30 s, while the trying takes time, as with one that hangs.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._try_at, self._pause = 0.0, SHORTEST
        self.lost = False

    def may_try(self) -> bool:
        """Whether the caller is to find out for all; the others go on without it."""
        with self._lock:
            now = self._clock()
            if now < self._try_at:
                return False
            self._try_at = now + self._pause
            return True

    def lose(self, trial: bool, took: float) -> bool:
        """It did not answer, after so many seconds, somebody who had leave to try or had not; is that news?"""
        with self._lock:
            if self.lost and not trial:
                return False  # one of many that were under way when it was lost
            news = not self.lost
            if not news and took > COSTLY:
                self._pause = min(self._pause * 2, LONGEST)
            self.lost, self._try_at = True, self._clock() + self._pause
            return news

    def find(self) -> bool:
        """It answered somebody; is that news?"""
        if not self.lost:
            return False  # as nearly always: no lock for that
        with self._lock:
            news, self.lost, self._pause = self.lost, False, SHORTEST
            return news
