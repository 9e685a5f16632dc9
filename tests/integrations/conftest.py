"""What the tests of the border share: a vendor to call, and an environment without anybody's credentials."""

from collections.abc import Iterator

import pytest

from integrations.http import transport
from integrations.registry import all_providers
from tests.integrations.vendor import Vendor, serving


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
def impatient(monkeypatch) -> Iterator[None]:
    """Calls give up after a tenth of a second."""
    monkeypatch.setattr(transport, "TIMEOUT", 0.1)
    transport._client.cache_clear()
    yield
    transport._client.cache_clear()
