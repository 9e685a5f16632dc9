"""Signing out, and what a person sees of their own sessions."""

import base64
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import Session
from tests.accounts.conftest import Api, is_problem, make_person
from webhooks.models import OutboxEvent

pytestmark = pytest.mark.django_db


def test_me_is_who_asks(api, pair, person):
    answer = api.get("/api/v1/me", pair["access_token"])
    assert answer.json() == {"id": person.pk, "email": "alice@example.com", "name": "", "is_staff": False}


def test_no_token_is_a_challenge(api, db):
    answer = api.get("/api/v1/me")
    assert is_problem(answer, 401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="patchbay"'


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer x", "bearer x y", "Bearer \xff\xfe", "Basic eDp5", "x"]
)
def test_a_header_that_makes_no_sense_is_a_401(api, db, header):
    assert api.client.get("/api/v1/me", headers={"Authorization": header}).status_code == 401


def test_a_browser_is_known_by_its_cookie(person):
    client = Client()
    client.force_login(person)
    assert client.get("/api/v1/me").json()["id"] == person.pk


def test_a_browser_needs_its_csrf_token_to_write(person, session):
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)
    assert client.delete(f"/api/v1/sessions/{session.pk}").status_code == 403
    session.refresh_from_db()
    assert session.revoked_at is None


def test_signing_out_by_access_token_is_true_at_once(api, pair):
    assert api.post("/auth/logout", token=pair["access_token"]).status_code == 204
    assert is_problem(api.get("/api/v1/me", pair["access_token"]), 401, "invalid_token")
    assert api.post("/auth/refresh", {"refresh_token": pair["refresh_token"]}).status_code == 401


def test_signing_out_by_refresh_token_works_beside_a_stale_access_token_and_twice(api, pair):
    for _ in range(2):
        answer = api.post("/auth/logout", {"refresh_token": pair["refresh_token"]}, token="stale")
        assert answer.status_code == 204
    assert api.get("/api/v1/me", pair["access_token"]).status_code == 401
    assert OutboxEvent.objects.get(name="session.revoked").data["reason"] == "signed_out"


def test_signing_out_without_a_token_is_refused(api, db):
    assert is_problem(api.post("/auth/logout"), 401, "not_authenticated")
    assert is_problem(api.post("/auth/logout", token="x"), 401, "invalid_token")
    assert is_problem(api.post("/auth/logout", {"refresh_token": "x"}), 401, "invalid_refresh_token")


def test_a_person_sees_their_live_sessions_the_newest_first(api, pair):
    another = api.sign_in().json()
    make_person("bob@example.com")
    Api().sign_in("bob@example.com")
    listed = api.get("/api/v1/sessions", another["access_token"]).json()
    assert set(listed) == {"results", "next", "previous"}
    assert [item["current"] for item in listed["results"]] == [True, False]
    assert set(listed["results"][0]) == {
        *("id", "created_at", "last_used_at", "expires_at", "user_agent", "ip", "amr", "current")
    }


def test_a_person_ends_another_of_their_sessions(api, pair, session):
    another = api.sign_in().json()["access_token"]
    assert api.delete(f"/api/v1/sessions/{session.pk}", another).status_code == 204
    assert api.get("/api/v1/me", pair["access_token"]).status_code == 401
    assert len(api.get("/api/v1/sessions", another).json()["results"]) == 1
    assert is_problem(api.delete(f"/api/v1/sessions/{session.pk}", another), 404, "not_found")


def test_nobody_ends_the_sessions_of_others(api, pair, session):
    make_person("bob@example.com", is_staff=True)
    bob = api.sign_in("bob@example.com").json()["access_token"]
    assert is_problem(api.delete(f"/api/v1/sessions/{session.pk}", bob), 404, "not_found")
    assert is_problem(api.delete(f"/api/v1/sessions/{uuid4()}", bob), 404, "not_found")
    assert Session.objects.filter(revoked_at=None).count() == 2


def test_an_id_that_is_none_is_nowhere(api, pair):
    assert api.delete("/api/v1/sessions/7", pair["access_token"]).status_code == 404


@pytest.mark.parametrize("position", ["p=x", "p=", "p=9999-99-99", "o=1&p=\x00", "p=2026-01-01+99:99", "o=x"])
def test_a_cursor_somebody_made_up_is_a_404(api, pair, position):
    cursor = base64.b64encode(position.encode()).decode()
    answer = api.get(f"/api/v1/sessions?cursor={quote(cursor)}", pair["access_token"])
    assert is_problem(answer, 404, "not_found")
