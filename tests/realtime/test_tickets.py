"""Tickets: bought with a token, good once, for half a minute, and no longer than the token."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import signing
from django.test import Client
from rest_framework.test import APIRequestFactory, force_authenticate

from realtime import tickets
from realtime.api import TicketView
from realtime.identity import Identity

SOON = datetime.fromtimestamp(2_000_000_000, UTC)
ADA = Identity(7, True, SOON)


def test_a_ticket_carries_who_bought_it() -> None:
    assert tickets.redeem(tickets.issue(ADA)) == ADA


def test_a_ticket_is_good_once() -> None:
    ticket = tickets.issue(ADA)
    assert [tickets.redeem(ticket) is None for _ in range(3)] == [False, True, True]


def test_an_old_ticket_is_no_good(monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = tickets.issue(ADA)
    later = datetime.now(UTC) + timedelta(seconds=31)
    monkeypatch.setattr("django.core.signing.time.time", later.timestamp)
    assert tickets.redeem(ticket) is None


@pytest.mark.parametrize("change", [lambda t: t + "x", lambda t: "x" + t, lambda _t: "", lambda _t: "a:b:c"])
def test_a_tampered_ticket_is_no_good(change: Any) -> None:
    assert tickets.redeem(change(tickets.issue(ADA))) is None


def test_something_else_signed_by_us_is_no_ticket() -> None:
    assert tickets.redeem(signing.dumps(["number", 7, True, None])) is None


def test_a_ticket_ends_with_the_token_that_bought_it(django_user_model: Any) -> None:
    request = APIRequestFactory().post("/api/v1/realtime/ticket")
    force_authenticate(request, django_user_model(pk=7), token={"exp": SOON.timestamp()})
    answer = TicketView.as_view()(request)
    assert answer.data["expires_in"] == 30
    assert tickets.redeem(answer.data["ticket"]) == Identity(7, False, SOON)


@pytest.mark.django_db
def test_a_session_buys_a_ticket_that_ends_with_it(person: Any, signed_in: Client) -> None:
    answer = signed_in.post("/api/v1/realtime/ticket")
    assert answer.status_code == 200
    identity = tickets.redeem(answer.json()["ticket"])
    assert identity
    assert identity.user_id == person.pk
    assert 0 < identity.seconds_left < float("inf")


@pytest.mark.django_db
def test_nobody_buys_no_ticket(client: Client) -> None:
    assert client.post("/api/v1/realtime/ticket").status_code in (401, 403)
