"""Circuits in this process and in a Redis that is the tests' own."""

import shutil
from collections.abc import Callable, Iterator

import pytest

from integrations.http.local import LocalState
from integrations.http.policy import Policy
from integrations.http.shared import SharedState
from integrations.http.states import VendorState
from tests.integrations.http.circuits import Clock, OwnRedis, policy, shared
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
