"""What the tests of single examinations share."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest
import redis

from config.doctor.findings import Finding
from config.doctor.table import TABLE
from tests.integrations.vendor import Vendor, serving
from tests.services import need

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
def forgetful_redis(tmp_path) -> Iterator[str]:
    """A Redis of our own that drops whatever it likes when it is full."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
    words = ["--port", port, "--save", "", "--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru"]
    try:
        process = subprocess.Popen(["redis-server", *words], cwd=tmp_path, stdout=subprocess.DEVNULL)
    except FileNotFoundError:
        need("redis-server", "it is not on the path")
    url = f"redis://127.0.0.1:{port}/0"
    try:
        _wait_for(url)
        yield url
    finally:
        process.kill()
        process.wait()


def _wait_for(url: str) -> None:
    client, deadline = redis.Redis.from_url(url), time.monotonic() + 10
    while True:
        try:
            return client.close() if client.ping() else None
        except redis.ConnectionError:
            if time.monotonic() > deadline:
                raise
