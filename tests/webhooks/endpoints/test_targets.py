"""The form of an endpoint's URL: what is taken, what is not, and that it is said why."""

import socket

import pytest

from webhooks.endpoints.targets import BadTarget, normal, require_public

TAKEN = {
    "https://shop.example/hooks": "https://shop.example/hooks",
    "https://SHOP.Example": "https://shop.example/",
    "https://shop.example./hooks": "https://shop.example/hooks",
    "https://shop.example:8443/a?b=c": "https://shop.example:8443/a?b=c",
    "https://shop.example:443/": "https://shop.example:443/",
    "https://bücher.example/": "https://xn--bcher-kva.example/",
    "https://192.0.2.7/": "https://192.0.2.7/",
    "https://[2606:4700::1]:8443/x": "https://[2606:4700::1]:8443/x",
    "https://my_host.example/": "https://my_host.example/",
}
REFUSED = {
    "": "characters",
    "https://" + "a" * 2050: "characters",
    "https://shop.example/a b": "spaces",
    "https://shop.example\\@evil.example/": "backslashes",
    "https://shop.example/\r\nX: y": "spaces",
    "https://shop.example/\x00": "control",
    "http://shop.example/": "https://",
    "ftp://shop.example/": "https://",
    "file:///etc/passwd": "https://",
    "gopher://127.0.0.1:6379/_x": "https://",
    "//shop.example/": "https://",
    "shop.example/hooks": "https://",
    "javascript:alert(1)": "https://",
    "https://user@shop.example/": "user name",
    "https://user:word@shop.example/": "user name",
    "https://shop.example@evil.example/": "user name",
    "https://shop.example/#part": "fragment",
    "https://shop.example/#": "fragment",
    "https://shop.example:22/": "below 1024",
    "https://shop.example:25/": "below 1024",
    "https://shop.example:99999/": "not a URL",
    "https://shop.example:x/": "not a URL",
    "https://": "name of a host",
    "https:///hooks": "name of a host",
    "https://./": "name of a host",
    "https://a..b/": "name of a host",
    "https://-a.example/": "name of a host",
    "https://sh%6Fp.example/": "name of a host",
    "https://[::1": "not a URL",
    "https://[fe80::1%25eth0]/": "zone",
    "https://2130706433/": "four decimal numbers",
    "https://0x7f000001/": "four decimal numbers",
    "https://0x7f.0.0.1/": "four decimal numbers",
    "https://0177.0.0.1/": "four decimal numbers",
    "https://127.1/": "four decimal numbers",
    "https://127.0.1/": "four decimal numbers",
    "https://127.0.0.0x1/": "four decimal numbers",
    "https://017700000001/": "four decimal numbers",
    "https://1.2.3.4.5/": "four decimal numbers",
    "https://①②⑦.⓪.⓪.①.example.2130706433/": "four decimal numbers",
}


@pytest.fixture(autouse=True)
def _production(settings):
    settings.ENDPOINT_HTTP = False
    settings.ENDPOINT_NETWORKS = []


@pytest.mark.parametrize(("url", "kept"), TAKEN.items())
def test_a_good_url_is_kept_in_one_form(url, kept):
    assert normal(url) == kept
    assert normal(kept) == kept


@pytest.mark.parametrize(("url", "why"), REFUSED.items())
def test_any_other_is_refused_with_its_reason(url, why):
    with pytest.raises(BadTarget, match=why):
        normal(url)


def test_circled_digits_are_the_digits_they_become():
    assert normal("https://①②⑦.⓪.⓪.①/") == "https://127.0.0.1/"


def test_plain_http_is_taken_where_the_settings_say_so(settings):
    settings.ENDPOINT_HTTP = True
    assert normal("http://127.0.0.1:8001/hooks") == "http://127.0.0.1:8001/hooks"


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "64:ff9b::a00:1"])
def test_a_name_that_leads_inside_is_refused_and_told_where_it_leads(address):
    with pytest.raises(BadTarget, match=f"shop.example leads to {address}, which is"):
        require_public("https://shop.example/", lambda _host, _port: ["93.184.215.14", address])


def test_a_name_that_leads_outside_passes_and_so_does_one_that_leads_nowhere_yet():
    require_public("https://shop.example/", lambda _host, _port: ["93.184.215.14"])

    def nowhere(_host, _port):
        raise socket.gaierror(-2, "Name or service not known")

    require_public("https://shop.example/", nowhere)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost"])
def test_this_machine_is_refused_by_the_systems_own_resolver(host):
    with pytest.raises(BadTarget, match="loopback"):
        require_public(normal(f"https://{host}/"))


def test_a_name_that_grows_when_it_is_written_in_ascii_counts_as_it_is_kept():
    url = "https://münchen.example/"
    with pytest.raises(BadTarget, match="2048"):
        normal(url + "a" * (2048 - len(url)))
