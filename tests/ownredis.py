"""A Redis of the tests' own, which may be emptied, killed, hung and started again."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis

from tests.services import need
from tests.topology import free_port


class OwnRedis:
    """A redis-server on a free port and nothing on disk, with `options` of its command line."""

    def __init__(self, *options: str) -> None:
        self._options = options
        self._directory = tempfile.TemporaryDirectory(prefix="patchbay-redis-")
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self.client = redis.Redis.from_url(self.url, socket_timeout=60)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        """Up, empty when it was down; returns when it answers."""
        if self._process:
            return
        options = ["--port", str(self.port), "--save", "", "--bind", "127.0.0.1", "--dir", self._directory.name]
        self._process = subprocess.Popen(["redis-server", *options, *self._options], stdout=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while True:
            try:
                self.client.ping()
                return
            except redis.ConnectionError:
                assert time.monotonic() < until, "redis-server did not start"
                time.sleep(0.005)  # a process of its own: there is nothing to wait on

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def hang(self) -> None:
        assert self._process
        os.kill(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        if self._process:
            os.kill(self._process.pid, signal.SIGCONT)

    def close(self) -> None:
        self.kill()
        self._directory.cleanup()


@contextmanager
def running(*options: str) -> Iterator[OwnRedis]:
    """A server that is up, and ended afterwards."""
    need("redis-server", "" if shutil.which("redis-server") else "it is not on the path")
    server = OwnRedis(*options)
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def _own_redis() -> Iterator[OwnRedis]:
    with running() as server:
        yield server


@pytest.fixture
def own_redis(_own_redis: OwnRedis) -> OwnRedis:
    """A Redis that may be hurt: up and empty, and as if nothing had been asked of it."""
    _own_redis.resume()
    _own_redis.start()
    _own_redis.client.flushall()
    _own_redis.client.config_resetstat()
    return _own_redis
