"""What an access token must be to be believed."""

import base64
import hmac
import json
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts import keys, tokens
from accounts.models import Session, SigningKey, User
from tests.accounts.conftest import is_problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def claims(pair):
    return jwt.decode(pair["access_token"], options={"verify_signature": False})


def sign(claims, *, private=None, algorithm="ES256", **header):
    """A token like ours, but for what the test changes."""
    kid, ours = keys.signer()
    return jwt.encode(claims, private or ours, algorithm, headers={"typ": "at+jwt", "kid": kid} | header)


def unsigned(header, payload):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part(header)}.{part(payload)}."


def test_a_token_tells_who_bears_it(pair, session, person):
    identity = tokens.verify(pair["access_token"])
    assert (identity.user_id, identity.is_staff, identity.session_id) == (person.pk, False, session.pk)
    assert timedelta(minutes=29) < identity.expires_at - timezone.now() <= timedelta(minutes=30)


def test_staff_is_what_the_person_is_now_not_when_they_signed_in(pair):
    User.objects.update(is_staff=True)
    assert tokens.verify(pair["access_token"]).is_staff


def test_a_token_signed_like_ours_is_good(claims):
    """The control of the tests below: what they change is what makes the difference."""
    assert tokens.verify(sign(claims))


NOT_OURS = [
    *({"aud": "another"}, {"aud": ["another"]}, {"iss": "https://another.example"}, {"sub": 7}),
    *({"exp": 1_700_000_000}, {"exp": "soon"}, {"iat": 4_000_000_000}, {"nbf": 4_000_000_000}),
]


@pytest.mark.parametrize("change", NOT_OURS, ids=str)
def test_a_claim_that_is_not_ours_is_refused(claims, change):
    with pytest.raises(tokens.Invalid):
        tokens.verify(sign(claims | change))


@pytest.mark.parametrize("claim", tokens.REQUIRED)
def test_a_missing_claim_is_refused(claims, claim):
    del claims[claim]
    with pytest.raises(tokens.Invalid):
        tokens.verify(sign(claims))


@pytest.mark.parametrize("header", [{"typ": "JWT"}, {"typ": None}, {"kid": "another"}, {"kid": ""}, {"kid": "\x00"}])
def test_a_header_that_is_not_ours_is_refused(claims, header):
    with pytest.raises(tokens.Invalid):
        tokens.verify(sign(claims, **header))


def test_another_key_under_our_kid_is_refused(claims):
    with pytest.raises(tokens.Invalid):
        tokens.verify(sign(claims, private=generate_private_key(SECP256R1())))


def test_algorithm_none_is_refused(claims):
    kid, _ = keys.signer()
    for algorithm in ("none", "None", "NONE"):
        with pytest.raises(tokens.Invalid):
            tokens.verify(unsigned({"typ": "at+jwt", "kid": kid, "alg": algorithm}, claims))


def test_our_public_key_as_a_shared_secret_is_refused(claims):
    public = keys.key_set()["keys"][0]
    signed = unsigned({"typ": "at+jwt", "kid": public["kid"], "alg": "HS256"}, claims).rstrip(".")
    for secret in (jwt.PyJWK(public).key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), b""):
        mac = base64.urlsafe_b64encode(hmac.digest(secret, signed.encode(), "sha256")).rstrip(b"=").decode()
        with pytest.raises(tokens.Invalid):
            tokens.verify(f"{signed}.{mac}")


@pytest.mark.parametrize("header", [{"kid": None}, {"kid": 7}, {"kid": {}}, {"alg": None}, {}, [], None, "x"], ids=str)
def test_a_header_of_another_shape_is_refused(claims, header):
    shape = {"typ": "at+jwt", "alg": "ES256"} | header if isinstance(header, dict) else header
    with pytest.raises(tokens.Invalid):
        tokens.verify(unsigned(shape, claims) + "AAAA")


def test_a_key_brought_along_in_the_header_is_not_used(claims):
    private = generate_private_key(SECP256R1())
    brought = jwt.algorithms.ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
    with pytest.raises(tokens.Invalid):
        tokens.verify(sign(claims, private=private, jwk=brought))


def test_a_token_in_pieces_is_refused(pair):
    for text in ("", ".", "..", "a.b.c", pair["access_token"][:-1], pair["access_token"] + "A", "ключ", "\ud800"):
        with pytest.raises(tokens.Invalid):
            tokens.verify(text)


def test_a_header_nested_without_end_is_refused():
    deep = base64.urlsafe_b64encode(b"[" * 20_000).decode()
    with pytest.raises(tokens.Invalid):
        tokens.verify(f"{deep}.{deep}.{deep}")


@given(st.text() | st.from_regex(r"[\w-]*\.[\w-]*\.[\w-]*", fullmatch=True))
@hypothesis_settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_makes_more_than_a_refusal(db, text):
    with pytest.raises(tokens.Invalid):
        tokens.verify(text)


def test_an_expired_token_is_told_so(api, claims):
    past = int(timezone.now().timestamp()) - 1
    answer = api.get("/api/v1/me", sign(claims | {"exp": past}))
    assert is_problem(answer, 401, "invalid_token")
    assert answer.json()["detail"] == "The access token has expired."


@pytest.mark.parametrize("end", ["revoked_at", "expires_at"])
def test_a_token_dies_with_its_session(api, pair, end):
    Session.objects.update(**{end: timezone.now()})
    assert is_problem(api.get("/api/v1/me", pair["access_token"]), 401, "invalid_token")


def test_a_token_dies_with_its_person(api, pair):
    User.objects.update(is_active=False)
    assert api.get("/api/v1/me", pair["access_token"]).status_code == 401
    User.objects.all().delete()
    assert api.get("/api/v1/me", pair["access_token"]).status_code == 401


def test_the_issuer_is_where_we_are(claims):
    assert claims["iss"] == settings.PATCHBAY_URL


def test_the_private_key_is_not_readable_in_the_database(pair):
    key = SigningKey.objects.first()
    assert key.private_key.startswith("gAAAA")
    assert "d" not in key.public_jwk
