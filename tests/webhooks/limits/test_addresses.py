"""Whose address counts: behind no, one and two proxies, against whoever writes their own X-Forwarded-For."""

from typing import Any

import pytest
from django.test import RequestFactory

from accounts.adapter import AccountAdapter
from webhooks.api.addresses import client_address, neighbourhood

PEER = "198.51.100.9"


def seen(forwarded: str | None, peer: str = PEER) -> str:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return str(client_address(RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer)))


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, None, PEER),
        (0, "203.0.113.7", PEER),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "192.0.2.66, 203.0.113.7", "203.0.113.7"),
        (1, None, PEER),
        (2, "203.0.113.7, 10.0.0.1", "203.0.113.7"),
        (2, "192.0.2.66, 203.0.113.7, 10.0.0.1", "203.0.113.7"),
        (2, "192.0.2.66,192.0.2.67,203.0.113.7,10.0.0.1", "203.0.113.7"),
        (2, "203.0.113.7", PEER),
        (2, None, PEER),
    ],
)
def test_what_our_proxies_wrote_counts_and_nothing_further_left(
    settings: Any, proxies: int, forwarded: str | None, address: str
) -> None:
    settings.TRUSTED_PROXY_COUNT = proxies
    assert seen(forwarded) == address


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("203.0.113.7:4711", "203.0.113.7"),
        ("[2001:db8::7]:4711", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("unknown", PEER),
        ("", PEER),
        ("203.0.113.7.", PEER),
        ("[", PEER),
        ("203.0.113.7, ", PEER),
    ],
)
def test_an_address_is_read_as_proxies_write_it(settings: Any, written: str, address: str) -> None:
    settings.TRUSTED_PROXY_COUNT = 1
    assert seen(written) == address


def test_a_peer_without_an_address_has_one_that_nobody_has(settings: Any) -> None:
    assert seen(None, "") == "0.0.0.0"


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_a_whole_64_is_one_client(address: str, client: str) -> None:
    request = RequestFactory().get("/", REMOTE_ADDR=address)
    assert neighbourhood(client_address(request)) == client


def test_signing_in_goes_by_the_same_address_even_past_a_proxy(settings: Any) -> None:
    settings.TRUSTED_PROXY_COUNT = settings.ALLAUTH_TRUSTED_PROXY_COUNT = 2
    request = RequestFactory().get("/", headers={"X-Forwarded-For": "203.0.113.7"}, REMOTE_ADDR=PEER)
    assert AccountAdapter(request).get_client_ip(request) == PEER
