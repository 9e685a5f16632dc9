"""Limits on the real server, from outside: what it makes of forwarded headers before Django sees them."""

from pathlib import Path

import httpx2
import pytest

from tests.topology import EMBEDDED, Topology

pytestmark = [pytest.mark.story, pytest.mark.django_db]


@pytest.mark.parametrize("proxies", [0, 1])
def test_no_header_that_a_client_writes_chooses_its_bucket(tmp_path: Path, proxies: int) -> None:
    """From this machine, whose forwarded headers uvicorn by itself would believe."""
    limits = {"PATCHBAY_API_RATE": "1", "PATCHBAY_API_BURST": "3", "TRUSTED_PROXY_COUNT": str(proxies)}
    with Topology(tmp_path, EMBEDDED, **limits) as patchbay:
        url, options = f"{patchbay.url}/api/v1/products", {"trust_env": False, "timeout": 60}
        statuses = [httpx2.get(url, headers=_forged(number, proxies), **options).status_code for number in range(5)]
    assert statuses == [200] * 3 + [429] * 2


def _forged(number: int, proxies: int) -> list[tuple[str, str]]:
    return [
        ("X-Forwarded-For", f"192.0.2.{number}"),
        *[("X-Forwarded-For", "203.0.113.7")] * proxies,
        ("X_Forwarded_For", f"192.0.2.{number}"),
        ("Forwarded", f"for=192.0.2.{number}"),
        ("X-Real-IP", f"192.0.2.{number}"),
    ]
