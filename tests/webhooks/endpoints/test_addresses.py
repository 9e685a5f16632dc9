"""Which addresses nobody may have us connect to, in every form they can be written."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks.endpoints.addresses import refusal

PUBLIC = [
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.0", "126.255.255.255",
    "128.0.0.1", "169.253.255.255", "169.255.0.1", "172.15.255.255", "172.32.0.1", "192.0.1.1", "192.167.255.255",
    "192.169.0.1", "198.17.255.255", "198.20.0.1", "223.255.255.255", "93.184.215.14",
    "2606:4700:4700::1111", "2001:4860:4860::8888", "2a00:1450:4001:81b::200e", "2620:fe::fe", "2001:200::1",
    "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1", "::8.8.8.8",
]  # fmt: skip

REFUSED = {
    # IPv4, the edges of each network
    "0.0.0.0": "unspecified", "0.1.2.3": "unspecified", "0.255.255.255": "unspecified",
    "10.0.0.0": "private", "10.255.255.255": "private",
    "172.16.0.0": "private", "172.31.255.255": "private",
    "192.168.0.1": "private", "192.168.255.255": "private",
    "127.0.0.1": "loopback", "127.255.255.254": "loopback",
    "100.64.0.0": "shared", "100.127.255.255": "shared", "100.100.100.200": "shared",
    "169.254.0.1": "link-local", "169.254.169.254": "link-local", "169.254.170.2": "link-local",
    "168.63.129.16": "metadata",
    "192.0.0.1": "reserved", "192.0.0.192": "reserved",
    "192.0.2.1": "documentation", "198.51.100.7": "documentation", "203.0.113.200": "documentation",
    "192.88.99.1": "relay",
    "198.18.0.1": "benchmarks", "198.19.255.255": "benchmarks",
    "224.0.0.1": "multicast", "239.255.255.250": "multicast",
    "240.0.0.1": "reserved", "255.255.255.255": "reserved",
    # IPv6
    "::": "unspecified", "::1": "loopback",
    "fe80::1": "link-local", "fe80::1%eth0": "link-local", "febf::1": "link-local",
    "fc00::1": "private", "fd00:ec2::254": "private", "fd12:3456::1": "private", "fec0::1": "private",
    "ff02::1": "multicast", "ff0e::1": "multicast",
    "2001:db8::1": "documentation", "3fff::1": "documentation",
    "2001:2::1": "reserved", "2001:10::1": "reserved", "2001:20::1": "reserved",
    "100::1": "reserved", "5f00::1": "reserved", "4000::1": "reserved", "e000::1": "reserved",
    # IPv4 inside IPv6
    "::ffff:127.0.0.1": "loopback", "::ffff:10.0.0.1": "private", "::ffff:169.254.169.254": "link-local",
    "::ffff:a9fe:a9fe": "link-local", "::ffff:0:0": "unspecified", "::ffff:0:127.0.0.1": "loopback",
    "::ffff:0:a9fe:a9fe": "link-local", "::127.0.0.1": "loopback", "::a9fe:a9fe": "link-local", "::2": "unspecified",
    "2002:7f00:1::": "loopback", "2002:a00:1::1": "private", "2002:a9fe:a9fe::": "link-local",
    "2002:c0a8:101::1": "private",
    "64:ff9b::7f00:1": "loopback", "64:ff9b::a00:1": "private", "64:ff9b::169.254.169.254": "link-local",
    "64:ff9b:1::7f00:1": "translator", "64:ff9b:1::808:808": "translator", "64:ff9b:1:ffff::1": "translator",
    "2001:0:7f00:1::": "loopback",  # the server of Teredo
    "2001:0:808:808:0:0:80ff:fffe": "loopback",  # its client, 127.0.0.1 inverted
    "2001:0:808:808:0:0:5601:5601": "link-local",  # 169.254.169.254 inverted
    "2606:4700::5efe:7f00:1": "loopback", "2606:4700::200:5efe:a00:1": "private", "fe80::5efe:808:808": "link-local",
    # nothing
    "": "not an address", "localhost": "not an address", "1.2.3": "not an address", "0x7f000001": "not an address",
}  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_connected_to(address):
    assert refusal(address) == ""


@pytest.mark.parametrize(("address", "why"), REFUSED.items())
def test_any_other_may_not_and_is_told_why(address, why):
    assert why in refusal(address)


def test_the_table_of_refused_forms_is_long():
    assert len(REFUSED) >= 60


@pytest.mark.parametrize("address", ["127.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"])
def test_a_network_that_is_allowed_is_allowed_in_every_form_and_no_other_is(address):
    allowed = [ip_network("127.0.0.0/8")]
    assert refusal(address, allowed) == ""
    assert refusal("10.0.0.1", allowed) == "private"
    assert refusal("2002:a00:1::1", allowed) == "private"


@given(st.integers(0, 2**32 - 1))
def test_no_clothes_make_an_address_better(number):
    plain = IPv4Address(number)
    bad = refusal(str(plain))
    for prefix in ("::ffff:0:0", "64:ff9b::", "::ffff:0:0:0", "2606:4700::5efe:0:0"):
        dressed = IPv6Address(int(IPv6Address(prefix)) | number)
        assert refusal(str(dressed)) == bad
    assert refusal(str(IPv6Address(0x2002 << 112 | number << 80))) == bad


@given(st.ip_addresses(v=6))
def test_every_ipv6_address_is_judged(address):
    assert isinstance(refusal(str(address)), str)
