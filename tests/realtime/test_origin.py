"""Which pages may connect: those of the host they connect to, if that host is one of ours."""

from typing import Any

import pytest

from realtime.origin import _is_ours


@pytest.fixture(autouse=True)
def house(settings: Any) -> None:
    settings.PATCHBAY_URL = "https://patchbay.example"
    settings.ALLOWED_HOSTS = ["patchbay.example"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://partner.example"]


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://patchbay.example", "patchbay.example"),
        ("https://patchbay.example:8443", "patchbay.example:8443"),
        ("https://partner.example", "patchbay.example"),
        (None, "patchbay.example"),
    ],
)
def test_our_pages_and_programs_may(origin: str | None, host: str) -> None:
    assert _is_ours(origin, host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://patchbay.example", "patchbay.example"),
        ("https://patchbay.example:8443", "patchbay.example"),
        ("https://patchbay.example.evil.example", "patchbay.example"),
        ("https://evil.example", "evil.example"),
        ("https://evil.example", "patchbay.example"),
        ("null", "patchbay.example"),
        ("", ""),
    ],
)
def test_other_pages_may_not(origin: str, host: str) -> None:
    """Not even one whose own name an attacker points at us."""
    assert not _is_ours(origin, host)
