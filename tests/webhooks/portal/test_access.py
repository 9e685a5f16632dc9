"""Everybody's own endpoints and nobody else's; pages that load nothing foreign and forms that are ours."""

from typing import Any

import pytest
from django.test import Client

from tests.payments.browsing import require_strict, text
from tests.webhooks.endpoints.conftest import send_due, the_message
from webhooks.endpoints import keys, services
from webhooks.models import Endpoint, Message

pytestmark = pytest.mark.django_db

PAGES = [
    "/endpoints",
    "/endpoints/new",
    "/endpoints/{uid}",
    "/endpoints/{uid}?fragment=1",
    "/endpoints/{uid}/edit",
    "/endpoints/{uid}/remove",
    "/endpoints/{uid}/resend?since=2999-01-01T00:00",
    "/endpoints/{uid}/messages/{message}",
    "/endpoints/{uid}/messages/{message}?fragment=1",
]
FOR_STAFF = ["/console/endpoints", "/console/endpoints/{uid}", "/console/endpoints/{uid}/messages/{message}"]
DEEDS = ["edit", "remove", "pause", "resume", "secret", "rotate", "test", "resend", "messages/{message}/resend"]
OF_ONE = [page for page in PAGES if "{uid}" in page] + [f"/endpoints/{{uid}}/{deed}" for deed in DEEDS]


@pytest.fixture
def message(endpoint: Endpoint) -> Message:
    services.send_test(endpoint, "order.paid")
    send_due()
    return the_message()


def filled(path: str, message: Message) -> str:
    return path.format(uid=message.endpoint.uid, message=message.uid)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_strict_about_what_it_loads_and_kept_by_no_cache(
    signed_in: Client, message: Message, path: str
) -> None:
    page = signed_in.get(filled(path, message))
    require_strict(page)
    assert "no-store" in page["Cache-Control"]


@pytest.mark.parametrize("path", FOR_STAFF)
def test_staff_read_all_and_can_do_nothing(staff: Client, message: Message, path: str) -> None:
    page = staff.get(filled(path, message))
    require_strict(page)
    main = page.content.decode().partition("<main")[2].partition("</main>")[0]
    assert 'method="post"' not in main
    assert keys.current(message.endpoint)[0].key not in page.content.decode()


@pytest.mark.parametrize("path", FOR_STAFF)
def test_the_console_is_for_staff(signed_in: Client, message: Message, path: str) -> None:
    assert signed_in.get(filled(path, message)).status_code == 403


@pytest.mark.parametrize("path", OF_ONE)
@pytest.mark.parametrize("whose", ["stranger", "staff"])
def test_anothers_endpoint_is_not_there(request: Any, message: Message, path: str, whose: str) -> None:
    client: Client = request.getfixturevalue(whose)
    before = Endpoint.objects.values().get()
    post = client.post(filled(path, message), {"type": "order.paid", "since": "2999-01-01T00:00", "overlap_hours": "0"})
    assert post.status_code in (404, 405)
    if path in PAGES:
        assert client.get(filled(path, message)).status_code == 404
    assert Endpoint.objects.values().get() == before
    assert Message.objects.count() == 1


@pytest.mark.parametrize("path", [*PAGES, "/endpoints/{uid}/secret"])
def test_a_guest_is_asked_to_sign_in(client: Client, message: Message, path: str) -> None:
    method = client.post if path.endswith("secret") else client.get
    answer = method(filled(path, message))
    assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/accounts/login/")


@pytest.mark.parametrize("deed", [*DEEDS, "../new"])
def test_a_form_that_is_not_ours_does_nothing(customer: Any, message: Message, deed: str) -> None:
    foreign = Client(enforce_csrf_checks=True)
    foreign.force_login(customer)
    assert foreign.post(filled(f"/endpoints/{{uid}}/{deed}", message)).status_code in (403, 404)
    assert Endpoint.objects.get().state == "enabled"


@pytest.mark.parametrize("deed", ["pause", "resume", "secret", "rotate", "test", "messages/{message}/resend"])
def test_a_link_does_nothing(signed_in: Client, message: Message, deed: str) -> None:
    assert signed_in.get(filled(f"/endpoints/{{uid}}/{deed}", message)).status_code == 405


def test_staff_have_endpoints_of_their_own_and_see_only_those_among_them(staff: Client, endpoint: Endpoint) -> None:
    assert endpoint.url not in staff.get("/endpoints").content.decode()
    assert endpoint.url in staff.get("/console/endpoints").content.decode()


def test_staff_find_an_endpoint_by_its_owner_and_its_url(staff: Client, endpoint: Endpoint) -> None:
    for wanted, found in (
        ("customer@", True),
        (endpoint.url, True),
        (endpoint.uid, True),
        ("nobody", False),
        ("\x00", True),
    ):
        page = staff.get("/console/endpoints", {"q": wanted})
        assert (f"/console/endpoints/{endpoint.uid}" in page.content.decode()) is found, wanted
    assert "Nothing fits" in text(staff.get("/console/endpoints?q=nobody"))


def test_the_masthead_leads_signed_in_people_to_their_webhooks(signed_in: Client) -> None:
    assert 'href="/endpoints"' in signed_in.get("/").content.decode()
    assert 'href="/endpoints"' not in Client().get("/").content.decode()


@pytest.mark.parametrize(
    "path", ["/endpoints/%00", "/endpoints/ep_%00x", "/endpoints/..%2f", "/endpoints/ep_1/messages/1"]
)
def test_an_address_that_is_none_leads_nowhere(signed_in: Client, path: str) -> None:
    assert signed_in.get(path).status_code == 404
