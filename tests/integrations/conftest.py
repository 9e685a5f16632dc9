"""What the tests of the border share: a vendor to call, and an environment without anybody's credentials."""

from collections.abc import Iterator

import pytest

from integrations.http import pipeline, policy, transport
from integrations.http.policy import Policy
from integrations.registry import all_providers
from tests.integrations.vendor import Vendor, serving

IMPATIENT = Policy(attempt=0.1)


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch):
    for provider in all_providers().values():
        for name in [*(item.name for item in provider.credentials), "API_URL"]:
            monkeypatch.delenv(f"{provider.prefix}_{name}", raising=False)
            monkeypatch.delenv(f"{provider.prefix}_{name}_FILE", raising=False)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with serving() as vendor:
        yield vendor


@pytest.fixture
def impatient(monkeypatch) -> None:
    """Calls give up after a tenth of a second."""
    monkeypatch.setattr(policy, "policy_of", lambda _slug: IMPATIENT)
    for module in (pipeline, transport):
        monkeypatch.setattr(module, "policy_of", lambda _slug: IMPATIENT)


@pytest.fixture(autouse=True)
def pauses(monkeypatch) -> list[float]:
    """Nobody sleeps between attempts: how long they would have is written down."""
    slept: list[float] = []
    monkeypatch.setattr(pipeline, "sleep", slept.append)
    return slept
