"""The arithmetic of signatures against vectors that the vendors publish, and against nonsense."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
import stripe
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from integrations.errors import BadSignature, Refused, StaleTimestamp
from integrations.signatures import hmac_sha256, require_ecdsa, require_fresh, require_hmac

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
UNIX = int(NOW.timestamp())
KEY = ec.derive_private_key(20260301, ec.SECP256R1())
# https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
GITHUB_SECRET, GITHUB_BODY = "It's a Secret to Everybody", b"Hello, World!"
GITHUB_SIGNATURE = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def spki(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


def ecdsa(message: bytes) -> str:
    return base64.b64encode(KEY.sign(message, ec.ECDSA(SHA256()))).decode()


def test_githubs_published_vector():
    assert hmac_sha256(GITHUB_SECRET, GITHUB_BODY) == GITHUB_SIGNATURE
    require_hmac(GITHUB_BODY, [GITHUB_SIGNATURE], [GITHUB_SECRET])


def test_stripes_own_signer_and_ours_agree():
    body, secret = '{"id": "evt_1"}', "whsec_test"
    theirs = stripe.WebhookSignature.generate_signature_header(body, secret, timestamp=UNIX)
    assert theirs == f"t={UNIX},v1={hmac_sha256(secret, f'{UNIX}.{body}'.encode())}"


def test_one_good_pair_among_several_is_enough():
    require_hmac(b"x", ["junk", hmac_sha256("new", b"x")], ["old", "new"])


@pytest.mark.parametrize(
    ("given_", "secrets"),
    [
        ([], ["secret"]),
        ([hmac_sha256("secret", b"x")], []),
        ([hmac_sha256("other", b"x")], ["secret"]),
        ([hmac_sha256("secret", b"y")], ["secret"]),
        ([hmac_sha256("secret", b"x").upper()], ["secret"]),
        ([hmac_sha256("secret", b"x")[:-1]], ["secret"]),
        (["é", "", "\x00"], ["secret"]),
    ],
)
def test_no_good_pair_is_refused(given_, secrets):
    with pytest.raises(BadSignature):
        require_hmac(b"x", given_, secrets)


def test_an_ecdsa_signature_fits_its_key_and_message():
    require_ecdsa(b"message", ecdsa(b"message"), spki(KEY))
    with pytest.raises(BadSignature):
        require_ecdsa(b"another", ecdsa(b"message"), spki(KEY))
    with pytest.raises(BadSignature):
        require_ecdsa(b"message", ecdsa(b"message"), spki(ec.generate_private_key(ec.SECP256R1())))


@given(st.text() | st.binary().map(lambda raw: base64.b64encode(raw).decode()))
def test_no_invented_ecdsa_signature_is_accepted(signature):
    with pytest.raises(BadSignature):
        require_ecdsa(b"message", signature, spki(KEY))


@pytest.mark.parametrize("key", ["", "nonsense", "é", "AAAA"])
def test_a_key_that_is_no_key_accepts_nothing(key):
    with pytest.raises(BadSignature):
        require_ecdsa(b"message", ecdsa(b"message"), key)


def test_a_key_of_another_family_accepts_nothing():
    with pytest.raises(BadSignature):
        require_ecdsa(b"message", ecdsa(b"message"), spki(rsa.generate_private_key(65537, 2048)))


@pytest.mark.parametrize("seconds", [-300, -1, 0, 1, 300])
def test_five_minutes_either_way_are_fresh(seconds):
    require_fresh(str(UNIX + seconds), NOW)


@pytest.mark.parametrize("seconds", [-301, 301, -UNIX, 99_999_999_999 - UNIX])
def test_more_than_five_minutes_either_way_is_stale(seconds):
    with pytest.raises(StaleTimestamp):
        require_fresh(str(UNIX + seconds), NOW)


@pytest.mark.parametrize("text", ["", "-1", "1.5", "1e9", "²", "١٢", " 1", "9" * 12, "9" * 5000, "nan"])
def test_what_is_no_number_of_seconds_is_refused(text):
    with pytest.raises(BadSignature):
        require_fresh(text, NOW)


@given(st.text() | st.from_regex(r"[0-9]{1,14}", fullmatch=True))
def test_any_other_text_raises_nothing_but_a_refusal(text):
    try:
        require_fresh(text, NOW)
    except Refused:
        return
    assert abs(datetime.fromtimestamp(int(text), UTC) - NOW) <= timedelta(minutes=5)
