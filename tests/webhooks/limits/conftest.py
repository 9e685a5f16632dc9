"""A clock to turn, a Redis to kill, and names that no other test uses."""

import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.services import need
from tests.topology import free_port
from webhooks.api.buckets import Quota

STANDARD = Quota(rate=100, burst=20)
# Gains one a minute: however slow the machine, a test of the burst ends before there is another.
STILL = Quota(rate=1, burst=20)


class Clock:
    """Seconds of this process's monotonic clock, which pass only when told to, but for a microsecond a look."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        self.now += 1e-6
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """What throttled and the outage's pause take for the time."""
    clock = Clock()
    monkeypatch.setattr("throttled.utils.now_mono_f", clock)
    return clock


@pytest.fixture
def name() -> str:
    return f"test:{uuid.uuid4().hex}"


class OwnRedis:
    """A Redis that nobody else uses, to be killed and started again, empty each time."""

    def __init__(self, folder: Path) -> None:
        self.port, self._folder = free_port(), folder
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder)],
            stdout=subprocess.DEVNULL,
        )
        client = redis.Redis.from_url(self.url)
        deadline = time.monotonic() + 10
        while not _answers(client):
            assert time.monotonic() < deadline, "redis-server did not start"

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    need("redis-server", "" if shutil.which("redis-server") else "it is not on the path")
    server = OwnRedis(tmp_path)
    yield server
    server.kill()
