"""The forms that make and change an endpoint: what is wrong is said beside the field, what was typed is kept."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client

from tests.payments.browsing import text
from webhooks.endpoints import services
from webhooks.models import Endpoint
from webhooks.portal.forms import EndpointForm, ExampleForm, ResendForm

pytestmark = pytest.mark.django_db

GOOD = {"url": "http://127.0.0.1:8899/hooks", "events": ["order.*"], "payload": "full", "scheme": "v1"}
BAD = [
    ({"url": ""}, "Where shall we send messages?"),
    ({"url": "ftp://shop.example/"}, "Give a URL that begins with https://."),
    ({"url": "https://10.0.0.1/"}, "only public addresses are taken"),
    ({"url": "https://169.254.169.254/latest"}, "only public addresses are taken"),
    ({"url": "https://me:secret@shop.example/"}, "user name or password is not taken"),
    ({"url": "https://shop.example/" + "x" * 2048}, "at most 2048 characters"),
    ({"url": "https://shop.example/\x00"}, "Null characters are not allowed"),
    ({"events": []}, "Choose at least one event type, or all."),
    ({"events": ["order.eaten"]}, "No such event type."),
    ({"events": ["email.bounced"]}, "No such event type."),
    ({"payload": "huge"}, "Select a valid choice"),
    ({"scheme": "v0"}, "Select a valid choice"),
    ({"description": "x" * 256}, "at most 255 characters"),
    ({"rate": "0"}, "greater than or equal to 1"),
    ({"rate": "1001"}, "less than or equal to 1000"),
    ({"rate": "fast"}, "Enter a whole number"),
]


@pytest.mark.parametrize(("wrong", "words"), BAD)
def test_what_is_wrong_is_said_and_nothing_is_made(signed_in: Client, wrong: dict[str, Any], words: str) -> None:
    page = signed_in.post("/endpoints/new", GOOD | wrong)
    assert page.status_code == 422
    assert words in text(page)
    assert Endpoint.objects.count() == 0


def test_an_empty_form_says_all_that_is_missing(signed_in: Client) -> None:
    page = signed_in.post("/endpoints/new", {})
    assert page.status_code == 422
    assert "Where shall we send messages?" in text(page)
    assert "Choose at least one event type" in text(page)


def test_what_was_typed_and_ticked_is_kept(signed_in: Client) -> None:
    page = signed_in.post("/endpoints/new", GOOD | {"url": "https://10.0.0.1/x", "payload": "thin"}).content.decode()
    assert 'value="https://10.0.0.1/x"' in page
    assert 'value="order.*" checked' in page
    assert 'value="order.paid" checked' not in page
    assert 'aria-invalid="true"' in page


def test_a_button_pressed_twice_makes_one_endpoint(signed_in: Client) -> None:
    shown = signed_in.get("/endpoints/new").content.decode()
    token = re.search(r'name="once" value="([^"]+)"', shown)
    assert token
    sent = GOOD | {"once": token[1]}
    refused = signed_in.post("/endpoints/new", sent | {"url": "https://10.0.0.1/"})
    assert (refused.status_code, token[1] in refused.content.decode()) == (422, True)
    first, second = (signed_in.post("/endpoints/new", sent) for _ in range(2))
    assert first["Location"] == second["Location"] == f"/endpoints/{Endpoint.objects.get().uid}"
    other = signed_in.post("/endpoints/new", sent | {"url": "http://127.0.0.1:8899/other"})
    assert other["Location"] != first["Location"]
    assert signed_in.get("/endpoints/new").content.decode().count(token[1]) == 0


@pytest.mark.django_db(transaction=True)
def test_a_button_pressed_four_times_at_once_makes_one_endpoint(customer: Any) -> None:
    sent = GOOD | {"once": str(uuid4())}

    def press(_number: int) -> str:
        try:
            client = Client()
            client.force_login(customer)
            return client.post("/endpoints/new", sent)["Location"]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        places = set(threads.map(press, range(4)))
    assert places == {f"/endpoints/{Endpoint.objects.get().uid}"}


def test_one_too_many_is_refused_in_words(signed_in: Client, settings: Any, endpoint: Endpoint) -> None:
    settings.ENDPOINTS_PER_PERSON = 1
    page = signed_in.post("/endpoints/new", GOOD)
    assert page.status_code == 422
    assert "You may have 1: delete one first." in text(page)


def test_an_endpoint_is_made_as_it_was_asked_for(signed_in: Client, customer: Any) -> None:
    asked = GOOD | {"description": "Orders", "events": ["order.*", "order.paid", "user.signed_up"], "ordered": "on"}
    answer = signed_in.post("/endpoints/new", asked | {"payload": "thin", "scheme": "v1a", "all_users": "on"})
    made = Endpoint.objects.get()
    assert answer["Location"] == f"/endpoints/{made.uid}"
    assert (made.owner, made.description, made.payload, made.scheme) == (customer, "Orders", "thin", "v1a")
    # A wider box includes the narrower one; what is for staff is not for others, whatever they send.
    assert (made.events, made.ordered, made.all_users) == (["order.*", "user.signed_up"], True, False)
    assert made.secrets.count() == 1


def test_a_rate_is_given_shown_and_taken_away_again(signed_in: Client) -> None:
    signed_in.post("/endpoints/new", GOOD | {"rate": "5"})
    made = Endpoint.objects.get()
    assert made.rate == 5
    assert "5 a second at most" in signed_in.get(f"/endpoints/{made.uid}").text
    path = f"/endpoints/{made.uid}/edit"
    assert 'name="rate" value="5"' in signed_in.get(path).text
    signed_in.post(path, GOOD | {"rate": ""})
    made.refresh_from_db()
    assert made.rate is None
    assert "no limit" in signed_in.get(f"/endpoints/{made.uid}").text


def test_all_is_all_whatever_else_is_ticked(signed_in: Client) -> None:
    signed_in.post("/endpoints/new", GOOD | {"events": ["user.*", "*", "order.paid"]})
    assert Endpoint.objects.get().events == ["*"]


def test_an_endpoint_is_changed(signed_in: Client, endpoint: Endpoint) -> None:
    path = f"/endpoints/{endpoint.uid}/edit"
    assert f'value="{endpoint.url}"' in signed_in.get(path).content.decode()
    signed_in.post(path, GOOD | {"url": "http://127.0.0.1:8898/", "scheme": "v1a"})
    endpoint.refresh_from_db()
    assert (endpoint.url, endpoint.events) == ("http://127.0.0.1:8898/", ["order.*"])
    assert endpoint.scheme == "v1", "a scheme changes with its secret"
    assert signed_in.post(path, GOOD | {"url": "no"}).status_code == 422


def test_what_a_program_subscribed_to_survives_a_form_that_offers_less(signed_in: Client, customer: Any) -> None:
    made = services.create(customer, url=GOOD["url"], events=["email.bounced", "order.paid"])
    page = signed_in.get(f"/endpoints/{made.uid}/edit").content.decode()
    assert 'value="email.bounced" checked' in page
    signed_in.post(f"/endpoints/{made.uid}/edit", GOOD | {"events": ["email.bounced"]})
    made.refresh_from_db()
    assert made.events == ["email.bounced"]


def test_staff_may_be_told_of_everybodys_events(staff: Client) -> None:
    assert "everybody's events" in text(staff.get("/endpoints/new")).replace("&#x27;", "'")
    staff.post("/endpoints/new", GOOD | {"events": ["email.bounced"], "all_users": "on"})
    assert Endpoint.objects.get().all_users


def test_a_test_offers_first_what_the_endpoint_is_told_of() -> None:
    assert ExampleForm(staff=False, told_of=["session.*"])["type"].value() == "session.revoked"
    assert ExampleForm(staff=False, told_of=["unheard.of"])["type"].value() is None


@pytest.mark.parametrize("since", ["", "yesterday", "2026-13-01T00:00", "0001-01-01T00:00+14:00", "9" * 41, "\x00"])
def test_what_is_no_time_is_refused(since: str) -> None:
    data = QueryDict(mutable=True)
    data["since"] = since
    assert not ResendForm(data).is_valid()


def test_only_what_a_person_can_be_told_of_is_offered() -> None:
    names = [one.name for branch in EndpointForm(staff=False).branches for one, _ in branch.types]
    everything = [one.name for branch in EndpointForm(staff=True).branches for one, _ in branch.types]
    assert "order.paid" in names
    assert "email.bounced" not in names
    assert "email.bounced" in everything
