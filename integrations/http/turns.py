"""Who is next when a vendor may not be called yet: a bounded queue, first come first served, in turn per tenant."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from integrations.errors import RateLimited
from integrations.http import deadline

T = TypeVar("T")
sleep = time.sleep
Ask = Callable[[], tuple[T | None, float]]


class Turns:
    """One caller at a time asks for leave; the others wait behind it. A tenant with a thousand calls delays another
    by one. `most` bounds how many wait in this process."""

    def __init__(self, most: int) -> None:
        self._most, self._count = most, 0
        self._lock = threading.Lock()
        self._queues: dict[str, deque[threading.Event]] = {}  # in the order of their turns

    def take(self, tenant: str, ask: Ask[T]) -> T:
        """What `ask` gives, once it gives anything: it answers (leave, 0) or (None, seconds to wait).

        `RateLimited` at once when the queue is full or the wait is longer than the deadline.
        """
        wait = 0.0
        if not self._queues:
            leave, wait = ask()
            if leave is not None:
                return leave
        with self._turn(tenant, wait):
            return _patiently(ask)

    @contextmanager
    def _turn(self, tenant: str, wait: float) -> Iterator[None]:
        place = self._join(tenant, wait)
        try:
            left = deadline.remaining()
            if not place.wait(left):
                raise RateLimited("the queue for this vendor was longer than the time there was", left)
            yield
        finally:
            self._leave(tenant, place)

    def _join(self, tenant: str, wait: float) -> threading.Event:
        place = threading.Event()
        with self._lock:
            if self._count >= self._most:
                raise RateLimited("too many calls wait for this vendor already", max(wait, 1.0))
            self._queues.setdefault(tenant, deque()).append(place)
            self._count += 1
            self._call_next()
        return place

    def _leave(self, tenant: str, place: threading.Event) -> None:
        with self._lock:
            queue = self._queues[tenant]
            had_its_turn = place.is_set()
            queue.remove(place)
            self._count -= 1
            if had_its_turn or not queue:
                del self._queues[tenant]
            if had_its_turn and queue:
                self._queues[tenant] = queue  # at the end now: the others come first
            self._call_next()

    def _call_next(self) -> None:
        for queue in self._queues.values():
            queue[0].set()
            return


def _patiently(ask: Ask[T]) -> T:
    while True:
        leave, wait = ask()
        if leave is not None:
            return leave
        if wait >= deadline.bounded(wait + 1.0):
            raise RateLimited("the vendor's limit is spent for longer than there is time", wait)
        sleep(wait)
