"""Time that passes without anybody waiting for it."""

import math
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

import pytest

from integrations.http import deadline, pipeline, state, turns
from integrations.http.local import LocalState


class Clock(Protocol):
    """Seconds, and a pause."""

    def now(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class Leaping:
    """The machine's clock, which a pause puts forward."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.pauses: list[float] = []

    def now(self) -> float:
        return time.monotonic() + self.ahead

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.ahead += seconds


class Standing:
    """A clock that stands still until it is put forward; whoever sleeps is woken when their time has come."""

    def __init__(self) -> None:
        self._now, self._sleeping = 1000.0, 0
        self._changed = threading.Condition()

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        with self._changed:
            until = self._now + seconds
            self._sleeping += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._now >= until)
            self._sleeping -= 1

    def await_sleepers(self, count: int) -> None:
        """Return when so many sleep."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._sleeping >= count, 60), f"{self._sleeping} of {count} sleep"

    def advance(self, seconds: float) -> None:
        with self._changed:
            self._now += seconds
            self._changed.notify_all()


def keep_time(patch: pytest.MonkeyPatch, clock: Clock) -> None:
    """Deadlines, pauses, gates, rates and circuits of this process follow `clock` from here on."""
    state.forget()
    patch.setattr(deadline, "clock", clock.now)
    patch.setattr(state, "LocalState", partial(LocalState, clock=clock.now))
    for module in (pipeline, turns):
        patch.setattr(module, "sleep", clock.sleep)


def eventually(probe: Callable[[], bool], what: str) -> None:
    """Return as soon as `probe` is true: for what other threads are about to do."""
    until = time.monotonic() + 60
    while not probe():
        assert time.monotonic() < until, f"waited in vain until {what}"
        time.sleep(0.001)


def quickest(act: Callable[[], object], enough: float) -> float:
    """The least seconds that `act` took, of five times at most: a busy machine adds to some of them, and takes from
    none. Once is enough where it took less than `enough`."""
    least = math.inf
    for _ in range(5):
        began = time.perf_counter()
        act()
        least = min(least, time.perf_counter() - began)
        if least < enough:
            break
    return least
