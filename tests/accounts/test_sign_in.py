"""Signing in with a password."""

import jwt
import pytest
from allauth.account.models import EmailAddress

from accounts.models import Session, User
from tests.accounts.conftest import PASSWORD, is_problem, make_person

pytestmark = pytest.mark.django_db


def test_the_right_password_gives_exactly_a_pair(person, api):
    response = api.sign_in()
    assert response.status_code == 200
    assert set(response.json()) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert response.json()["token_type"] == "Bearer"
    assert response.json()["expires_in"] == 1800
    assert response.headers["Cache-Control"] == "no-store"


def test_the_address_is_known_in_any_case(person, api):
    assert api.sign_in("ALICE@Example.com").status_code == 200


def test_the_session_remembers_where_it_began(pair, session, person):
    assert (session.user, session.user_agent, session.ip, session.amr) == (person, "pytest", "127.0.0.1", ["pwd"])
    person.refresh_from_db()
    assert person.last_login is not None


def test_the_token_says_what_resource_servers_need(pair, session, person):
    claims = jwt.decode(pair["access_token"], options={"verify_signature": False})
    assert set(claims) == {"iss", "aud", "sub", "sid", "jti", "iat", "exp", "auth_time", "amr"}
    assert (claims["sub"], claims["sid"], claims["amr"]) == (str(person.pk), str(session.pk), ["pwd"])
    header = jwt.get_unverified_header(pair["access_token"])
    assert (header["typ"], header["alg"]) == ("at+jwt", "ES256")


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(person, api):
    wrong, unknown = api.sign_in(password="wrong"), api.sign_in("nobody@example.com")
    assert is_problem(wrong, 401, "invalid_credentials")
    assert is_problem(unknown, 401, "invalid_credentials")
    assert wrong.headers["WWW-Authenticate"] == 'Bearer realm="patchbay"'
    assert wrong.json()["detail"] == unknown.json()["detail"]


def test_a_closed_account_is_told_like_a_wrong_password(person, api):
    User.objects.update(is_active=False)
    assert is_problem(api.sign_in(), 401, "invalid_credentials")


@pytest.mark.parametrize(("is_active", "password"), [(True, "wrong"), (False, PASSWORD), (False, "wrong")])
def test_the_limit_falls_on_closed_accounts_as_on_wrong_passwords(person, api, is_active, password):
    User.objects.update(is_active=is_active)
    statuses = [api.sign_in(password=password).status_code for _ in range(7)]
    assert statuses == [401] * 5 + [429] * 2


def test_after_too_many_failures_the_right_password_has_to_wait_too(person, api):
    for _ in range(5):
        api.sign_in(password="wrong")
    refused = api.sign_in()
    assert is_problem(refused, 429, "too_many_attempts")
    assert refused.headers["Retry-After"] == "300"


def test_signing_in_does_not_use_up_the_limit(person, api):
    assert [api.sign_in().status_code for _ in range(12)] == [200] * 12


def test_an_unconfirmed_address_is_told_so_once_the_password_is_right(person, api):
    EmailAddress.objects.update(verified=False)
    assert is_problem(api.sign_in(), 401, "email_unverified")
    assert is_problem(api.sign_in(password="wrong"), 401, "invalid_credentials")


def test_a_stale_token_in_the_header_does_not_hinder(person, api):
    body = {"email": person.email, "password": PASSWORD}
    assert api.post("/auth/login", body, token="stale").status_code == 200


def test_the_sessions_a_person_forgot_are_gone_when_they_come_back(person, api):
    api.sign_in()
    Session.objects.update(expires_at="2020-01-01T00:00Z")
    make_person("bob@example.com")
    api.sign_in("bob@example.com")
    assert Session.objects.count() == 2
    api.sign_in()
    assert Session.objects.filter(user=person).count() == 1


NONSENSE = [
    *(b"", b"{}", b"null", b"[]", b'"text"', b"1", b"{not json", b"\xff\xfe", b'{"email": []}', b"[" * 100_000),
    b'{"email": "a\\u0000@b.de", "password": "x"}',
    b'{"email": "\\ud800@b.de", "password": "x"}',
    b'{"email": "a@b.de", "password": "\\u0000"}',
    b'{"email": "a@b.de", "password": "\\ud800"}',
    b'{"email": {"a": 1}, "password": true}',
    b'{"email": "a@b.de", "password": ["x"]}',
    b'{"email": "' + b"a" * 100_000 + b'@b.de", "password": "x"}',
    b'{"email": "a@b.de", "password": "' + b"x" * 900_000 + b'"}',
]


@pytest.mark.parametrize("body", NONSENSE, ids=lambda body: repr(body[:40]))
@pytest.mark.parametrize("path", ["/auth/login", "/auth/refresh"])
def test_a_body_that_makes_no_sense_is_a_400(person, api, path, body):
    response = api.post_raw(path, body)
    assert response.status_code == 400, response.content[:300]
    assert response.json()["code"] in ("invalid", "parse_error")


def test_another_content_type_is_a_415(person, api):
    response = api.client.post("/auth/login", {"email": person.email, "password": PASSWORD})
    assert is_problem(response, 415, "unsupported_media_type")
