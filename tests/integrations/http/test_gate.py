"""A vendor that says 429 is asked by nobody until the time it named: no other thread, no other process."""

import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator

import pytest
import redis

from integrations.errors import RateLimited
from integrations.http import state
from integrations.http.policy import Policy, grant
from integrations.http.transport import exchange
from tests.clocks import Standing, eventually, keep_time
from tests.integrations.http.ailing import UNLIMITED, Ailing, too_many

THREADS = 8


@pytest.fixture
def slug() -> str:
    slug = f"gated-{uuid.uuid4().hex[:12]}"
    grant(slug, UNLIMITED)
    return slug


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Standing:
    clock = Standing()
    keep_time(monkeypatch, clock)
    return clock


def answering_once(slug: str, seconds: float) -> Ailing:
    """Too many at first, then well."""

    def answer() -> str:
        if vendor.asked == 1:
            raise too_many(seconds)
        return "well"

    vendor = Ailing(slug, answer)
    return vendor


def test_the_first_who_is_turned_away_stops_all_others(slug, clock):
    vendor = answering_once(slug, 2.0)
    results: list[str] = []
    threads = [threading.Thread(target=lambda: results.append(vendor.call()), daemon=True) for _ in range(THREADS)]
    threads[0].start()
    clock.await_sleepers(1)  # it has been turned away, and waits to try again
    for thread in threads[1:]:
        thread.start()
    clock.await_sleepers(2)
    eventually(lambda: _waiting(slug) == THREADS - 1, "all others stand in the queue")
    clock.advance(1.9)
    assert vendor.asked == 1
    clock.advance(0.2)
    for thread in threads:
        thread.join(60)
    assert results == ["well"] * THREADS
    assert vendor.asked == 1 + THREADS


def _waiting(slug: str) -> int:
    from integrations.http.pipeline import _turns

    return _turns(slug, UNLIMITED.waiting)._count


def test_a_wait_longer_than_the_deadline_is_not_waited_at_all(slug, clock):
    grant(slug, Policy(rate=0.0, deadline=10.0))
    vendor = answering_once(slug, 86_400.0)
    for asked_for in (86_400.0, 60.0):  # the vendor's wish is told, and obeyed for a minute
        with pytest.raises(RateLimited) as caught:
            vendor.call()
        assert caught.value.retry_after == pytest.approx(asked_for)
    assert vendor.asked == 1
    clock.advance(60.0)
    assert vendor.call() == "well"


def test_a_vendor_that_names_no_time_is_left_alone_for_a_second(slug, clock):
    vendor = answering_once(slug, 0.0)
    thread = threading.Thread(target=vendor.call, daemon=True)
    thread.start()
    clock.await_sleepers(1)
    assert state.state_of(slug).look().gate == pytest.approx(1.0)
    clock.advance(0.6)
    clock.advance(0.5)
    thread.join(60)
    assert vendor.asked == 2


@pytest.fixture
def shared(settings, redis_url: str, slug: str) -> Iterator[str]:
    """The vendor's state is in Redis, and taken from there afterwards."""
    settings.REDIS_URL = redis_url
    state.forget()
    yield redis_url
    client = redis.Redis.from_url(redis_url)
    client.delete(*client.scan_iter(f"patchbay:{{{slug}}}:*"), "patchbay:none")


@pytest.mark.services
def test_the_gate_is_closed_for_every_process(slug, shared, vendor, monkeypatch):
    arrived: list[float] = []

    def answer(handler) -> None:
        arrived.append(time.monotonic())
        if len(arrived) == 1:
            handler.say(429, {"Retry-After": "1", "Content-Length": "0"}, b"")
        else:
            handler.say(200, {"Content-Length": "2"}, b"{}")

    vendor.does(answer)
    program = [sys.executable, "-m", "tests.integrations.http.polite", slug, vendor.url, str(THREADS // 2)]
    environment = {"PATH": "/usr/bin:/bin", "REDIS_URL": shared, "PATCHBAY_SANDBOX": "1"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(program, env=environment, **pipes) for _ in range(2)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    monkeypatch.setattr("integrations.http.pipeline.sleep", _nobody_tries_again)
    with pytest.raises(_TurnedAway):
        exchange(slug, "GET", vendor.url)
    answers = [process.communicate("go\n", timeout=120)[0] for process in processes]
    assert answers == [f"{THREADS // 2}\n"] * 2
    assert len(arrived) == 1 + THREADS
    assert arrived[1] - arrived[0] >= 1.0


class _TurnedAway(Exception):
    """This process is not to try again."""


def _nobody_tries_again(_seconds: float) -> None:
    raise _TurnedAway
