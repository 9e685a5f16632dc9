"""The queue before a vendor that may not be called yet: bounded, fair between tenants, and left in time."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from integrations.errors import CircuitOpen, RateLimited
from integrations.http import deadline, turns
from integrations.http.turns import Turns
from tests.clocks import Standing, eventually

Ask = Callable[[], tuple[str | None, float]]
NOT_YET = (None, 1.0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Standing:
    clock = Standing()
    monkeypatch.setattr(turns, "sleep", clock.sleep)
    return clock


class Callers:
    """Threads that want leave; `served` says in which order they got it, `failed` what else became of them."""

    def __init__(self, most: int = 1000) -> None:
        self.turns = Turns(most)
        self.served: list[str] = []
        self.failed: dict[str, Exception] = {}
        self._free = 0
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def ask(self) -> tuple[str | None, float]:
        with self._lock:
            if not self._free:
                return NOT_YET
            self._free -= 1
            return "leave", 0.0

    def free(self, count: int) -> None:
        with self._lock:
            self._free += count

    def come(self, name: str, tenant: str = "", seconds: float = 60.0, ask: Ask | None = None) -> None:
        """One more caller, who stands in the queue when this returns."""

        def run() -> None:
            try:
                with deadline.within(seconds):
                    self.turns.take(tenant, lambda: self._leave(name, ask or self.ask))
            except Exception as error:
                self.failed[name] = error

        before = self.turns._count
        thread = threading.Thread(target=run, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()
        eventually(lambda: self.turns._count > before or name in self.failed, f"{name} waits")

    def _leave(self, name: str, ask: Ask) -> tuple[str | None, float]:
        leave, wait = ask()
        if leave:
            self.served.append(name)
        return leave, wait

    def go_home(self) -> None:
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()


@contextmanager
def queue(most: int = 1000) -> Iterator[Callers]:
    callers = Callers(most)
    yield callers
    callers.go_home()
    assert (callers.turns._count, callers.turns._queues) == (0, {}), "the queue remembers somebody who left"


def test_with_nobody_waiting_leave_is_given_at_once():
    assert Turns(1).take("", lambda: ("leave", 0.0)) == "leave"


def test_first_come_first_served(clock):
    with queue() as callers:
        for name in "abcdefgh":
            callers.come(name)
        callers.free(8)
        clock.advance(1.0)
    assert callers.served == list("abcdefgh")


def test_nobody_overtakes_even_when_there_is_leave_to_be_had(clock):
    with queue() as callers:
        callers.come("first")
        clock.await_sleepers(1)
        callers.free(2)
        callers.come("second")  # might have gone at once, and must not
        assert callers.served == []
        clock.advance(1.0)
    assert callers.served == ["first", "second"]


def test_tenants_take_turns(clock):
    with queue() as callers:
        for name, tenant in (("a1", "a"), ("a2", "a"), ("a3", "a"), ("b1", "b"), ("b2", "b"), ("c1", "c")):
            callers.come(name, tenant)
        callers.free(6)
        clock.advance(1.0)
    assert callers.served == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_a_tenant_with_a_hundred_waiting_delays_another_by_one_turn(clock):
    with queue() as callers:
        for number in range(100):
            callers.come(f"a{number}", "a")
        callers.come("b", "b")
        callers.free(101)
        clock.advance(1.0)
    assert callers.served.index("b") == 1


def test_the_queue_is_bounded(clock):
    with queue(most=2) as callers:
        callers.come("a")
        callers.come("b")
        callers.come("c")
        assert isinstance(callers.failed["c"], RateLimited)
        assert callers.failed["c"].retry_after == 1.0
        callers.free(2)
        clock.advance(1.0)
    assert callers.served == ["a", "b"]


def test_whoever_leaves_makes_room(clock):
    with queue(most=2) as callers:
        callers.come("a")
        callers.come("b", seconds=0.05)
        eventually(lambda: "b" in callers.failed, "b gave up")
        callers.come("c")
        callers.free(2)
        clock.advance(1.0)
    assert callers.served == ["a", "c"]


def test_whoever_waits_for_their_turn_leaves_when_their_time_is_over(clock):
    with queue() as callers:
        callers.come("a")
        started = time.monotonic()
        callers.come("b", seconds=0.2)
        eventually(lambda: "b" in callers.failed, "b gave up")
        assert 0.15 < time.monotonic() - started < 30
        assert isinstance(callers.failed["b"], RateLimited)
        callers.free(1)
        clock.advance(1.0)
    assert callers.served == ["a"]


def test_a_wait_longer_than_there_is_time_is_refused_at_once():
    started = time.monotonic()
    with deadline.within(60.0), pytest.raises(RateLimited) as caught:
        Turns(10).take("", lambda: (None, 300.0))
    assert caught.value.retry_after == 300.0
    assert time.monotonic() - started < 30


def test_a_caller_that_fails_in_its_turn_passes_it_on(clock):
    def dies() -> tuple[str | None, float]:
        if clock.now() > 1000.0:
            raise CircuitOpen("the vendor fails", 30.0)
        return NOT_YET

    with queue() as callers:
        callers.come("a", ask=dies)
        clock.await_sleepers(1)
        callers.come("b")
        callers.free(1)
        clock.advance(1.0)
    assert isinstance(callers.failed["a"], CircuitOpen)
    assert callers.served == ["b"]


def test_a_tenant_whose_first_caller_gives_up_keeps_its_turn(clock, monkeypatch):
    over, remaining = threading.Event(), deadline.remaining

    def left() -> float | None:
        return 0.0 if threading.current_thread().name == "b1" and over.wait(60) else remaining()

    monkeypatch.setattr(deadline, "remaining", left)
    with queue() as callers:
        callers.come("a1", "a")
        callers.come("b1", "b")
        callers.come("c1", "c")
        callers.come("b2", "b")
        over.set()
        eventually(lambda: "b1" in callers.failed, "b1 gave up")
        callers.free(3)
        clock.advance(1.0)
    assert callers.served == ["a1", "b2", "c1"]
