"""What the tests of the border share: a vendor to call, and an environment without anybody's credentials."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from integrations.http import lastgood, pipeline, policy, transport
from integrations.http.policy import Policy
from integrations.registry import all_providers
from tests.integrations.genuine import know_certificates
from tests.integrations.vendor import Vendor, serving

IMPATIENT = Policy(attempt=0.3)


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch):
    for provider in all_providers().values():
        for name in [*(item.name for item in provider.variables), "API_URL"]:
            monkeypatch.delenv(f"{provider.prefix}_{name}", raising=False)
            monkeypatch.delenv(f"{provider.prefix}_{name}_FILE", raising=False)


@pytest.fixture(autouse=True)
def _certificates(_no_credentials):
    know_certificates()


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with serving() as vendor:
        yield vendor


@pytest.fixture
def impatient(monkeypatch) -> None:
    """Calls give up after a third of a second."""
    monkeypatch.setattr(policy, "policy_of", lambda _slug: IMPATIENT)
    for module in (pipeline, transport):
        monkeypatch.setattr(module, "policy_of", lambda _slug: IMPATIENT)


@pytest.fixture
def forgetful() -> Iterator[None]:
    """Nothing is remembered of any vendor, before and after."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def later(monkeypatch) -> Callable[..., None]:
    """Moves the clock by which answers age: `later(minutes=5)`."""

    def move(**by: float) -> None:
        now = timezone.now() + timedelta(**by)
        monkeypatch.setattr(lastgood.timezone, "now", lambda: now)

    return move


@pytest.fixture(autouse=True)
def pauses(monkeypatch) -> list[float]:
    """Nobody sleeps between attempts: how long they would have is written down."""
    slept: list[float] = []
    monkeypatch.setattr(pipeline, "sleep", slept.append)
    return slept
