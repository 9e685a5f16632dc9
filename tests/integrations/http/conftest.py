"""What the tests of the way out need: circuits, an origin, and a Redis that is the tests' own and may be killed."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from socket import create_server
from typing import Any

import pytest
import redis

from integrations.http.local import LocalState
from integrations.http.policy import Policy
from integrations.http.shared import SharedState
from integrations.http.states import VendorState
from tests.integrations.http.circuits import Clock, OwnRedis, policy, shared
from tests.integrations.origin import answering
from tests.services import need

Make = Callable[[Policy], VendorState]


@pytest.fixture(scope="session")
def _own_redis() -> Iterator[OwnRedis]:
    need("redis-server", "" if shutil.which("redis-server") else "it is not on the path")
    server = OwnRedis()
    yield server
    server.close()


@pytest.fixture
def own_redis(_own_redis: OwnRedis) -> OwnRedis:
    """A Redis that may be emptied, killed and hung; up and empty."""
    _own_redis.resume()
    _own_redis.start()
    _own_redis.client.flushall()
    return _own_redis


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["local", "shared"])
def make(request: pytest.FixtureRequest, clock: Clock) -> Make:
    """Makes a circuit for a policy: each test holds for the one in this process and for the one in Redis."""
    if request.param == "local":
        return lambda policy: LocalState(policy, clock)
    server: OwnRedis = request.getfixturevalue("own_redis")
    return lambda policy: shared(server, policy, clock)


@pytest.fixture
def one(own_redis: OwnRedis, clock: Clock) -> SharedState:
    return shared(own_redis, policy(), clock, "one")


@pytest.fixture
def same(own_redis: OwnRedis, clock: Clock) -> SharedState:
    """Another process of node one."""
    return shared(own_redis, policy(), clock, "one")


@pytest.fixture
def two(own_redis: OwnRedis, clock: Clock) -> SharedState:
    return shared(own_redis, policy(), clock, "two")


@pytest.fixture
def start_redis(tmp_path) -> Iterator[Callable[..., tuple[subprocess.Popen[bytes], str]]]:
    """Starts a Redis on a free port, or on the one named, and gives its process and its URL."""
    started = []

    def start(port: int = 0) -> tuple[subprocess.Popen[bytes], str]:
        if not port:
            with closing(create_server(("127.0.0.1", 0))) as free:
                port = free.getsockname()[1]
        command = ["redis-server", "--port", str(port), "--save", "", "--dir", str(tmp_path), "--loglevel", "warning"]
        try:
            process = subprocess.Popen([*command, "--bind", "127.0.0.1"], stdout=subprocess.PIPE)
        except FileNotFoundError as error:
            need("redis-server", str(error))
            raise
        started.append(process)
        url = f"redis://127.0.0.1:{port}/0"
        client = redis.Redis.from_url(url, retry=redis.retry.Retry(redis.backoff.ConstantBackoff(0.02), 500))
        client.ping()
        client.close()
        return process, url

    yield start
    for process in started:
        process.kill()
        process.wait(10)
        process.stdout.close()


@pytest.fixture
def origin() -> Iterator[Any]:
    with answering() as origin:
        yield origin
