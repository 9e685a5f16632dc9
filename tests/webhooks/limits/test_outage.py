"""Redis dies, hangs, forgets and comes back: limits go on, and nobody waits for it."""

import socket
import time
from collections.abc import Iterator
from itertools import count

import pytest
from structlog.testing import capture_logs

from integrations.absence import SHORTEST
from tests.ownredis import OwnRedis
from tests.webhooks.limits.conftest import STILL, Clock
from tests.webhooks.limits.crowd import at_once
from webhooks.api.buckets import Buckets
from webhooks.api.shared import connect


def passed(buckets: Buckets, name: str, calls: int) -> int:
    return sum(buckets.take(name).admitted for _ in range(calls))


def test_a_client_has_what_it_had_left_when_redis_dies_and_no_more(own_redis: OwnRedis, name: str) -> None:
    buckets, elsewhere = (Buckets(STILL, connect(own_redis.url)) for _ in range(2))
    assert passed(elsewhere, name, 10) == 10
    assert passed(buckets, name, 2) == 2
    own_redis.kill()
    assert passed(buckets, name, 30) == 8


def test_a_dead_redis_is_logged_once_and_costs_no_time(own_redis: OwnRedis, name: str, clock: Clock) -> None:
    buckets = Buckets(STILL, connect(own_redis.url))
    buckets.take(name)
    own_redis.kill()
    with capture_logs() as logs:
        assert _seconds(lambda: passed(buckets, name, 10)) < 10
        clock.advance(SHORTEST)
        assert _seconds(lambda: passed(buckets, name, 10)) < 10
    assert [line["event"] for line in logs] == ["limits.alone"]
    assert str(own_redis.port) in logs[0]["error"]


def test_a_redis_that_was_only_restarted_is_not_missed(own_redis: OwnRedis, name: str) -> None:
    buckets = Buckets(STILL, connect(own_redis.url))
    buckets.take(name)
    own_redis.kill()
    own_redis.start()
    with capture_logs() as logs:
        buckets.take(name)
    assert not logs


def test_a_redis_that_comes_back_empty_gives_no_second_burst(own_redis: OwnRedis, name: str, clock: Clock) -> None:
    buckets = Buckets(STILL, connect(own_redis.url))
    own_redis.kill()
    assert passed(buckets, name, 30) == 20
    own_redis.start()
    clock.advance(SHORTEST)
    with capture_logs() as logs:
        assert passed(buckets, f"{name}:other", 30) == 20
    assert [line["event"] for line in logs] == ["limits.shared"]
    assert passed(buckets, name, 30) == 0


def test_once_back_redis_is_what_processes_share_again(own_redis: OwnRedis, name: str, clock: Clock) -> None:
    here, there = (Buckets(STILL, connect(own_redis.url)) for _ in range(2))
    own_redis.kill()
    assert (passed(here, "x", 1), passed(there, "x", 1)) == (1, 1)
    own_redis.start()
    clock.advance(SHORTEST)
    assert passed(here, name, 12) + passed(there, name, 30) == 20


def test_a_redis_that_was_flushed_gives_no_second_burst(own_redis: OwnRedis, name: str) -> None:
    client = connect(own_redis.url)
    buckets = Buckets(STILL, client)
    assert passed(buckets, name, 30) == 20
    client.flushall()
    assert passed(buckets, name, 30) == 0


def test_a_redis_clock_that_was_set_back_locks_nobody_out(redis_url: str, name: str) -> None:
    client = connect(redis_url)
    client.set(f"patchbay:api:1:20:{name}", time.time() - 1_735_660_800 + 86_400, ex=60)
    assert passed(Buckets(STILL, client), name, 30) == 20


def test_redis_may_be_killed_in_the_middle_of_everything(own_redis: OwnRedis, name: str) -> None:
    """Nobody sees an error, and nobody is counted twice or not at all."""
    buckets = Buckets(STILL, connect(own_redis.url))
    turns = count()

    def take() -> bool:
        if next(turns) == 8:
            own_redis.kill()
        return buckets.take(name).admitted

    assert at_once(take, 4, 50) == 20


class Mute:
    """A Redis that takes connections and never answers: the worst way to be down."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=100)
        self._socket.settimeout(0)
        self.url = f"redis://127.0.0.1:{self._socket.getsockname()[1]}/0"

    def connections(self) -> int:
        """How many have come since the last call."""
        count = 0
        try:
            while True:
                self._socket.accept()[0].close()
                count += 1
        except BlockingIOError:
            return count

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def mute() -> Iterator[Mute]:
    server = Mute()
    yield server
    server.close()


def test_only_one_request_a_second_waits_for_a_redis_that_hangs(
    mute: Mute, name: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webhooks.api.shared.TIMEOUT", 0.25)
    buckets = Buckets(STILL, connect(mute.url))
    assert _seconds(lambda: buckets.take(name)) < 10
    assert mute.connections() == 1
    passed(buckets, name, 200)
    assert mute.connections() == 0
    clock.advance(SHORTEST)
    at_once(lambda: buckets.take(f"{name}:later").admitted, 8, 5)
    assert mute.connections() == 1


def _seconds(call) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started
