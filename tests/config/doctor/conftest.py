"""What the tests of single examinations share."""

from collections.abc import Callable, Iterator

import pytest

from config.doctor.findings import Finding
from config.doctor.table import TABLE
from tests.integrations.vendor import Vendor, serving
from tests.ownredis import running

Examine = Callable[[str], list[Finding]]


@pytest.fixture
def examine() -> Examine:
    """One examination, here and now."""
    return lambda name: list(TABLE[name].look())


@pytest.fixture
def the_only(examine: Examine) -> Callable[[str], Finding]:
    """What one examination finds, being one thing."""

    def look(name: str) -> Finding:
        (finding,) = examine(name)
        return finding

    return look


@pytest.fixture
def production(settings, monkeypatch) -> None:
    """Away from the sandbox, with nobody's credentials but those that the test sets."""
    settings.PATCHBAY_SANDBOX = False
    for name in ("STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "SENDGRID_API_KEY", "GITHUB_WEBHOOK_SECRET"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with serving() as vendor:
        yield vendor


@pytest.fixture
def forgetful_redis() -> Iterator[str]:
    """A Redis of our own that drops whatever it likes when it is full."""
    with running("--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru") as server:
        yield server.url
