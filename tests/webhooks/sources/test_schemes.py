"""Every scheme against published examples, against its own sender, and against whoever pretends to be one."""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.contract import Inbound
from integrations.errors import BadSignature, Refused, StaleTimestamp
from integrations.signatures import standard
from tests.webhooks.sources.published import NOW, PUBLISHED
from webhooks.sources.options import OPTIONS
from webhooks.sources.schemes import SCHEMES, BadSecret, Letter, Scheme, scheme_of

# One of each kind, for which the sender is played here.
PLAYED: dict[str, tuple[str, dict[str, Any]]] = {
    "standard": ("standard-webhooks", {}),
    "hex": ("hmac", {"header": "X-Sig"}),
    "base64": ("hmac", {"header": "X-Sig", "encoding": "base64", "hash": "sha512"}),
    "base64url": ("hmac", {"header": "X-Sig", "encoding": "base64url", "key_encoding": "base64url"}),
    "list": (
        "hmac",
        {"header": "X-Sig", "signed": "{timestamp}.{body}", "signature_field": "v1", "timestamp_field": "t"},
    ),
    "semicolons": (
        "hmac",
        {
            "header": "X-Sig",
            "signed": "{timestamp}:{body}",
            "signature_field": "h1",
            "timestamp_field": "ts",
            "separator": ";",
        },
    ),
    "milliseconds": (
        "hmac",
        {
            "header": "X-Sig",
            "signed": "{id}{timestamp}{body}",
            "timestamp_header": "X-Time",
            "id_header": "X-Id",
            "timestamp_unit": "milliseconds",
        },
    ),
    "iso8601": (
        "hmac",
        {
            "header": "X-Sig",
            "signed": "{timestamp}{body}",
            "timestamp_header": "X-Time",
            "timestamp_unit": "iso8601",
            "encoding": "base64",
        },
    ),
    "basic": ("basic", {"username": "erp"}),
    "bearer": ("bearer", {}),
    "token": ("bearer", {"header": "X-Token"}),
}
TIMED = ["standard", "list", "semicolons", "milliseconds", "iso8601"]
BODY = b'{"id":"ev-1","type":"thing.made"}'


def scheme(name: str, options: dict[str, Any]) -> Scheme:
    checked = OPTIONS[name](data=options)
    assert checked.is_valid(), checked.errors
    return scheme_of(name, checked.validated_data)


def inbound(headers: dict[str, str], body: bytes = BODY, now: datetime = NOW, address: str = "") -> Inbound:
    return Inbound(body=body, headers={k.lower(): v for k, v in headers.items()}, now=now, address=address)


def letter(body: bytes = BODY) -> Letter:
    return Letter("msg_1", "thing.made", body, NOW)


def test_every_scheme_has_its_options() -> None:
    assert SCHEMES.keys() == OPTIONS.keys()


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_example_is_genuine_and_a_byte_more_is_not(name: str) -> None:
    kind, options, secret, headers, body, when = PUBLISHED[name]
    mine = scheme(kind, options)
    mine.require(inbound(headers, body.encode(), when), [secret])
    if kind in ("hmac", "standard-webhooks"):
        with pytest.raises(BadSignature):
            mine.require(inbound(headers, body.encode() + b"\n", when), [secret])
    with pytest.raises(BadSignature):
        mine.require(inbound(headers, body.encode(), when), [mine.new_secret()])


@pytest.mark.parametrize("name", PLAYED)
def test_what_a_sender_signs_is_genuine_with_any_of_the_secrets_and_no_other(name: str) -> None:
    mine = scheme(*PLAYED[name])
    old, new, other = (mine.new_secret() for _ in range(3))
    for secret in (old, new):
        mine.require_secret(secret)
        mine.require(inbound(mine.sign(letter(), secret)), [new, old])
    with pytest.raises(BadSignature):
        mine.require(inbound(mine.sign(letter(), other)), [new, old])
    with pytest.raises(BadSignature):
        mine.require(inbound(mine.sign(letter(), old)), [])


@pytest.mark.parametrize("name", PLAYED)
def test_a_request_without_its_headers_is_refused(name: str) -> None:
    mine = scheme(*PLAYED[name])
    secret = mine.new_secret()
    headers = mine.sign(letter(), secret)
    for missing in headers:
        with pytest.raises(BadSignature):
            mine.require(inbound({k: v for k, v in headers.items() if k != missing}), [secret])


@pytest.mark.parametrize("name", TIMED)
@pytest.mark.parametrize(("off", "fresh"), [(-301, False), (-299, True), (0, True), (299, True), (301, False)])
def test_a_signed_time_may_be_five_minutes_off_on_either_side(name: str, off: int, fresh: bool) -> None:
    mine = scheme(*PLAYED[name])
    secret = mine.new_secret()
    late = inbound(mine.sign(letter(), secret), now=NOW + timedelta(seconds=off))
    if fresh:
        mine.require(late, [secret])
    else:
        with pytest.raises(StaleTimestamp):
            mine.require(late, [secret])


@pytest.mark.parametrize("name", TIMED)
def test_a_time_that_was_not_the_signed_one_is_a_forgery(name: str) -> None:
    mine = scheme(*PLAYED[name])
    secret = mine.new_secret()
    then = mine.sign(Letter("msg_1", "", BODY, NOW - timedelta(days=1)), secret)
    now = mine.sign(letter(), "whsec_" + base64.b64encode(b"x" * 32).decode() if name == "standard" else "y")
    renewed = {k: v if "sig" in k.lower() else now[k] for k, v in then.items()}
    if name in ("list", "semicolons"):
        stamp = now["X-Sig"].split(";" if name == "semicolons" else ",")[0]
        mark = ";" if name == "semicolons" else ","
        renewed = {"X-Sig": mark.join([stamp, *then["X-Sig"].split(mark)[1:]])}
    with pytest.raises(BadSignature):
        mine.require(inbound(renewed), [secret])


def test_a_public_key_checks_what_only_the_private_one_can_sign() -> None:
    mine, key = scheme("standard-webhooks", {}), standard.new_key()
    public = standard.public_half(key)
    mine.require_secret(public)
    mine.require(inbound(mine.sign(letter(), key)), [standard.new_secret(), public])
    with pytest.raises(BadSecret):
        mine.sign(letter(), public)
    with pytest.raises(BadSignature):
        mine.require(inbound(mine.sign(letter(), standard.new_key())), [public])


@pytest.mark.parametrize("separator", [",", " ", ";"])
def test_one_of_several_signatures_in_a_header_is_enough(separator: str) -> None:
    mine = scheme("hmac", {"header": "X-Sig", "prefix": "v1=", "separator": separator})
    good = hmac.new(b"secret", BODY, hashlib.sha256).hexdigest()
    mine.require(inbound({"X-Sig": separator.join(["v0=junk", "v1=zz", "v1=" + "0" * 64, "v1=" + good])}), ["secret"])
    mine.require(inbound({"X-Sig": "v1=" + good.upper()}), ["secret"])
    for wrong in (good, "v0=" + good, "V1=" + good):
        with pytest.raises(BadSignature):
            mine.require(inbound({"X-Sig": wrong}), ["secret"])


def test_only_so_many_signatures_are_looked_at() -> None:
    mine = scheme("hmac", {"header": "X-Sig", "separator": ","})
    good = hmac.new(b"secret", BODY, hashlib.sha256).hexdigest()
    with pytest.raises(BadSignature):
        mine.require(inbound({"X-Sig": ",".join(["0" * 64] * 1000 + [good])}), ["secret"])


def test_the_bytes_of_a_header_are_signed_as_they_came() -> None:
    mine = scheme("hmac", {"header": "X-Sig", "signed": "{id}.{body}", "id_header": "X-Id"})
    wire = "é".encode()
    good = hmac.new(b"secret", wire + b"." + BODY, hashlib.sha256).hexdigest()
    mine.require(inbound({"X-Sig": good, "X-Id": wire.decode("latin-1")}), ["secret"])


@pytest.mark.parametrize("given", ["Basic", "Basic ", "Basic !", "Basic w6k=", "Bearer x", "Basic ZXJwOg=="])
def test_a_wrong_user_name_or_password_is_refused(given: str) -> None:
    with pytest.raises(BadSignature):
        scheme("basic", {"username": "erp"}).require(inbound({"Authorization": given}), ["secret"])


@pytest.mark.parametrize(
    ("address", "welcome"),
    [
        ("192.0.2.7", True),
        ("192.0.3.7", False),
        ("2001:db8::7", True),
        ("2001:db9::7", False),
        ("0.0.0.0", False),
        ("", False),
        ("nonsense", False),
    ],
)
def test_an_address_is_on_the_list_or_refused(address: str, welcome: bool) -> None:
    mine = scheme("none", {"addresses": ["192.0.2.0/24", "2001:db8::/32", "0.0.0.0/8"]})
    if welcome:
        mine.require(inbound({}, address=address), [])
    else:
        with pytest.raises(BadSignature):
            mine.require(inbound({}, address=address), [])


HOSTILE = st.one_of(
    st.text(st.characters(max_codepoint=255), max_size=80),
    st.sampled_from(
        ["v1", "v1,", "v1a,", "v1,é", "t=,v1=", "t=1,v1=", "=", ",", " ", "Basic", "Basic é", "\x00", "v1=" * 9000]
    ),
    st.lists(st.sampled_from(["t=9" * 20, "v1=00", "v1,AA==", "v1a,AA==", "h1=é", "ts=-1", ";", ","]), max_size=9).map(
        ",".join
    ),
)


@pytest.mark.parametrize("name", PLAYED)
@given(values=st.lists(HOSTILE, min_size=6, max_size=6), body=st.binary(max_size=50))
def test_whatever_stands_in_the_headers_is_refused_and_nothing_else(name: str, values: list[str], body: bytes) -> None:
    mine = scheme(*PLAYED[name])
    secret = "whsec_" + base64.b64encode(b"k" * 32).decode() if name == "standard" else "a" * 32
    names = ["x-sig", "x-time", "x-id", "authorization", "x-token", "webhook-signature"]
    headers = dict(zip(names, values, strict=True)) | {"webhook-id": values[0], "webhook-timestamp": values[1]}
    with pytest.raises(Refused):
        mine.require(inbound(headers, body), [secret])


ANYTHING = st.one_of(
    st.none(), st.integers(), st.text(max_size=9), st.lists(st.text(max_size=9), max_size=3), st.just({"a": []})
)
NAMES = st.sampled_from(["header", "signed", "prefix", "addresses", "username", "tolerance", "hash", "x"])


@given(options=st.dictionaries(NAMES, ANYTHING, max_size=5))
def test_whatever_is_said_of_options_is_understood_or_refused(options: dict[str, Any]) -> None:
    for name, kind in OPTIONS.items():
        checked = kind(data=options)
        if checked.is_valid():
            scheme_of(name, checked.validated_data)
