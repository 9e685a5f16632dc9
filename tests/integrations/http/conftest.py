"""What the tests of the way out need: circuits and an origin."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from integrations.http.local import LocalState
from integrations.http.policy import Policy
from integrations.http.shared import SharedState
from integrations.http.states import VendorState
from tests.integrations.http.circuits import PATIENCE, Clock, policy, shared
from tests.integrations.origin import answering
from tests.ownredis import OwnRedis

Make = Callable[[Policy], VendorState]


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


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way out itself waits for a Redis that lives, however busy this machine is."""
    monkeypatch.setattr("integrations.http.state.PATIENCE", PATIENCE)
    monkeypatch.setattr("integrations.http.cachestores.WAIT", PATIENCE)


@pytest.fixture
def patience() -> float:
    """Seconds that `one`, `same` and `two` wait for Redis: a module whose Redis hangs has another."""
    return PATIENCE


@pytest.fixture
def one(own_redis: OwnRedis, clock: Clock, patience: float) -> SharedState:
    return shared(own_redis, policy(), clock, "one", patience=patience)


@pytest.fixture
def same(own_redis: OwnRedis, clock: Clock, patience: float) -> SharedState:
    """Another process of node one."""
    return shared(own_redis, policy(), clock, "one", patience=patience)


@pytest.fixture
def two(own_redis: OwnRedis, clock: Clock, patience: float) -> SharedState:
    return shared(own_redis, policy(), clock, "two", patience=patience)


@pytest.fixture
def origin() -> Iterator[Any]:
    with answering() as origin:
        yield origin
