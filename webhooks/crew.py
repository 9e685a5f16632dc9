"""How many threads of a process work through one queue at a time, so that a flood leaves some for everything else."""

import threading
from collections.abc import Callable


class Crew:
    """At most so many at work. Whoever comes in addition leaves word, and one of those at work goes round once more."""

    def __init__(self, most: int) -> None:
        self._free = threading.Semaphore(most)
        self._called = threading.Event()

    def work(self, do: Callable[[], int]) -> int:
        """The sum of what `do` returned; 0 at once when others are at it, who will see what there is to do."""
        done = 0
        self._called.set()
        # Looked at after the release: whoever was turned away before it is seen here, whoever comes later finds room.
        while self._called.is_set() and self._free.acquire(blocking=False):
            try:
                self._called.clear()
                done += do()
            finally:
                self._free.release()
        return done
