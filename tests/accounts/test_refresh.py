"""Refreshing: one successor, however many ask; one theft, and the session ends."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import refresh, services, tokens
from accounts.models import Session, User
from tests.accounts.conftest import at_once, is_problem
from webhooks.models import OutboxEvent

pytestmark = pytest.mark.django_db
PARALLEL = 16


def renew(api, refresh_token):
    return api.post("/auth/refresh", {"refresh_token": refresh_token})


def spent_long_ago(session):
    """Move the last rotation out of the grace."""
    Session.objects.filter(pk=session.pk).update(rotated_at=session.created_at - timedelta(hours=1))


def test_a_refresh_gives_another_pair_of_the_same_session(api, pair, session):
    answer = renew(api, pair["refresh_token"])
    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert answer.json()["refresh_token"] != pair["refresh_token"]
    assert tokens.verify(answer.json()["access_token"]).session_id == session.pk


def test_the_successor_is_good_in_its_turn(api, pair):
    token = pair["refresh_token"]
    for n in range(1, 5):
        token = renew(api, token).json()["refresh_token"]
        assert refresh.read(token)[1] == n


def test_a_retry_within_the_grace_gets_the_same_successor(api, pair):
    first, second = renew(api, pair["refresh_token"]), renew(api, pair["refresh_token"])
    assert first.json()["refresh_token"] == second.json()["refresh_token"]


def test_the_same_token_after_the_grace_ends_the_session(api, pair, session):
    successor = renew(api, pair["refresh_token"]).json()
    spent_long_ago(session)
    assert is_problem(renew(api, pair["refresh_token"]), 401, "invalid_refresh_token")
    assert is_problem(renew(api, successor["refresh_token"]), 401, "invalid_refresh_token")
    assert is_problem(api.get("/api/v1/me", successor["access_token"]), 401, "invalid_token")


def test_a_token_two_steps_old_ends_the_session_even_within_the_grace(api, pair, session):
    renew(api, renew(api, pair["refresh_token"]).json()["refresh_token"])
    assert renew(api, pair["refresh_token"]).status_code == 401
    session.refresh_from_db()
    assert session.revoked_at is not None


def test_a_theft_is_told_once(api, pair, session):
    renew(api, pair["refresh_token"])
    spent_long_ago(session)
    for _ in range(3):
        renew(api, pair["refresh_token"])
    event = OutboxEvent.objects.get(name="session.revoked")
    assert (event.about, event.user_id, event.data["reason"]) == (f"session:{session.pk}", session.user_id, "reused")


def test_no_refresh_outlives_the_session(api, pair, session, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: session.expires_at - timedelta(minutes=5))
    assert renew(api, pair["refresh_token"]).json()["expires_in"] == 300
    monkeypatch.setattr("django.utils.timezone.now", lambda: session.expires_at)
    assert is_problem(renew(api, pair["refresh_token"]), 401, "invalid_refresh_token")


def test_a_deleted_person_cannot_refresh(api, pair):
    User.objects.all().delete()
    assert is_problem(renew(api, pair["refresh_token"]), 401, "invalid_refresh_token")


def test_a_closed_account_cannot_refresh(api, pair):
    User.objects.update(is_active=False)
    assert is_problem(renew(api, pair["refresh_token"]), 401, "invalid_refresh_token")


def test_a_number_nobody_issued_is_refused(api, pair, session):
    head, _, mac = pair["refresh_token"].rpartition(".")
    forged = head.removesuffix("0") + "1." + mac
    assert is_problem(renew(api, forged), 401, "invalid_refresh_token")
    session.refresh_from_db()
    assert session.revoked_at is None


def test_tokens_of_the_previous_secret_key_stay_good_while_it_is_named(api, pair, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    assert renew(api, pair["refresh_token"]).status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert renew(api, pair["refresh_token"]).status_code == 401


@pytest.mark.parametrize("garbage", ["x", "rt1", "rt1.a.b.c", "ключ", "rt1." + "0" * 32 + ".٣." + "A" * 43, "🔑" * 50])
def test_garbage_is_refused_in_words(api, garbage):
    answer = renew(api, garbage)
    assert is_problem(answer, 401, "invalid_refresh_token")
    assert answer.json()["detail"] == "This is not one of our refresh tokens."


@given(st.text() | st.from_regex(refresh.FORM, fullmatch=True))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_but_ours_is_read(text):
    with pytest.raises(tokens.Invalid):
        refresh.read(text)


@pytest.mark.django_db(transaction=True)
def test_sixteen_at_once_get_one_successor(pair):
    pairs = at_once(lambda _: services.renew(pair["refresh_token"]), range(PARALLEL))
    assert len({pair.refresh_token for pair in pairs}) == 1
    assert len({pair.access_token for pair in pairs}) == PARALLEL
    session = Session.objects.get()
    assert (session.n, session.revoked_at) == (1, None)


@pytest.mark.django_db(transaction=True)
def test_of_sixteen_at_once_exactly_one_moves_the_session_on(pair):
    session, now = Session.objects.get(), Session.objects.get().created_at
    copies = [Session.objects.get(pk=session.pk) for _ in range(PARALLEL)]
    assert sum(at_once(lambda copy: services._advance(copy, 0, now), copies)) == 1
