"""The operators' pages about the vendors: every state has its words, and an order needs its reason."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from integrations import control, health, observations
from integrations.causes import OURS, TABLE
from integrations.errors import Unauthorized
from integrations.http.journal import journal
from integrations.incidents import settle
from integrations.models import BreakerOrder, CallFailure, VendorHealth
from tests.integrations.patient import Patient
from tests.payments.browsing import require_strict, text

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_user("staff@example.com", "a-long-password", is_staff=True))
    return client


@pytest.mark.parametrize("path", ["/console/health", "/console/health/acme", "/console/requests/abc"])
def test_only_staff_may_look(acme: Patient, client: Client, path: str) -> None:
    client.force_login(User.objects.create_user("person@example.com", "a-long-password"))
    assert client.get(path).status_code == 403


def test_only_staff_may_give_orders(acme: Patient, client: Client) -> None:
    client.force_login(User.objects.create_user("person@example.com", "a-long-password"))
    client.post("/console/health/acme/order", {"mode": "open", "reason": "mischief"})
    assert BreakerOrder.objects.count() == 0


def test_a_vendor_that_was_never_contacted_is_new(acme: Patient, staff: Client) -> None:
    page = staff.get("/console/health")
    require_strict(page)
    assert "Never contacted" in text(page)
    assert "No calls in the last hour" in text(page)


def test_a_vendor_that_is_down_says_why_and_what_to_do(acme: Patient, staff: Client) -> None:
    acme.error = Unauthorized("acme answered 401")
    health.check("acme", timezone.now())
    health.check("acme", timezone.now())
    journal.flush()
    page = staff.get("/console/health")
    require_strict(page)
    assert "The key is not accepted." in text(page)
    assert "Compare ACME_API_KEY" in text(page)
    assert '<rect class="failures"' in page.content.decode()
    assert "2 calls, 2 failed" in page.content.decode()


def test_the_circuit_is_shown_as_it_is_at_the_moment(acme: Patient, staff: Client, circuit: Any) -> None:
    health.check("acme", timezone.now())
    circuit(state="open", opens_in=17.2)
    fragment = staff.get("/console/health?fragment=1")
    assert "<html" not in fragment.content.decode()
    assert "open, tried again in 17 s" in text(fragment)
    assert "Down" in text(fragment)


def test_nothing_configured_has_words_too(acme: Patient, staff: Client, settings: Any) -> None:
    settings.PATCHBAY_SANDBOX = False
    page = staff.get("/console/health")
    require_strict(page)
    assert "No vendor is configured" in text(page)


def test_a_silent_worker_is_shown_above_the_vendors(acme: Patient, staff: Client) -> None:
    settle(OURS, "silent", "silent", TABLE["server_error"], timezone.now())
    assert "It answers with errors of its own." in text(staff.get("/console/health"))


def test_a_vendors_page_has_its_failures_incidents_and_orders(acme: Patient, staff: Client) -> None:
    acme.error = Unauthorized("acme answered 401: no such key")
    health.check("acme", timezone.now())
    health.check("acme", timezone.now())
    journal.flush()
    staff.post("/console/health/acme/order", {"mode": "watch", "reason": "a new key is on its way"})
    page = staff.get("/console/health/acme")
    require_strict(page)
    words = text(page)
    assert "acme answered 401: no such key" in words
    assert "a new key is on its way" in words
    assert "staff@example.com" in words
    assert "by order: watch" in words


def test_what_is_renewed_every_two_seconds_does_not_ask_the_vendor(acme: Patient, staff: Client) -> None:
    asked: list[int] = []

    def tell() -> list[tuple[str, str]]:
        asked.append(1)
        return [("Balance", "7")]

    acme.provider.account(tell)
    fragment = staff.get("/console/health/acme?fragment=1")
    assert "Remaining quota" in text(fragment)
    assert asked == []
    assert "Balance" in text(staff.get("/console/health/acme"))
    assert asked == [1]


def test_an_order_without_a_reason_changes_nothing_and_says_so(acme: Patient, staff: Client) -> None:
    answer = staff.post("/console/health/acme/order", {"mode": "open", "reason": " "}, follow=True)
    assert "Nothing was changed. Say why" in text(answer)
    assert observations.look("acme").mode == "auto"


def test_an_order_is_confirmed_in_a_sentence(acme: Patient, staff: Client) -> None:
    for mode in BreakerOrder.Mode.values:
        page = staff.post("/console/health/acme/order", {"mode": mode, "reason": "x"}, follow=True)
        assert re.search(r"The (circuit|probes) of Acme [a-z :,]+\.", text(page)), mode


def test_of_many_orders_the_newest_five_are_in_sight(acme: Patient, staff: Client) -> None:
    for number in range(7):
        control.give("acme", "watch", f"reason {number}", None)
    shown, folded = staff.get("/console/health/acme").content.decode().split("<summary>2 earlier</summary>")
    assert re.findall(r"reason \d", shown) == [f"reason {number}" for number in (6, 5, 4, 3, 2)]
    assert re.findall(r"reason \d", folded) == ["reason 1", "reason 0"]


def test_the_admin_shows_a_failed_call_to_the_second_with_its_whole_request_id(
    acme: Patient, admin_client: Client
) -> None:
    at = datetime(2026, 11, 24, 10, 41, 13, tzinfo=UTC)
    identifier = "0123456789abcdef0123456789abcdef"
    CallFailure.objects.create(
        vendor="acme", operation="GET /", outcome="timeout", latency_ms=1, request_id=identifier, at=at
    )
    words = text(admin_client.get("/admin/integrations/callfailure/"))
    assert "24 Nov 2026 10:41:13" in words
    assert identifier in words


def test_an_empty_list_in_the_admin_offers_a_new_row_only_where_one_may_be_added(admin_client: Client) -> None:
    tokens = text(admin_client.get("/admin/integrations/providertoken/"))
    assert "rows come here by themselves" in tokens
    assert "Create a new item" not in tokens
    orders = admin_client.get("/admin/integrations/breakerorder/")
    assert "add the first" in text(orders)
    assert "Reset the filters" in text(admin_client.get("/admin/integrations/breakerorder/?mode__exact=open"))


def test_the_probes_are_paused_and_resumed_from_the_page(acme: Patient, staff: Client) -> None:
    answer = staff.post("/console/health/acme/order", {"mode": "pause", "reason": "they bill per call"}, follow=True)
    assert "Resume the probes" in text(answer)
    assert "Paused" in text(answer)


def test_the_admin_gives_orders_through_the_same_door_and_changes_none(
    acme: Patient, admin_client: Client, monkeypatch: Any
) -> None:
    given = {"vendor": "acme", "mode": "open", "reason": "they asked us to stop"}
    assert admin_client.post("/admin/integrations/breakerorder/add/", given).status_code == 302
    order = BreakerOrder.objects.get()
    assert order.by is not None
    assert observations.look("acme").mode == "open"
    assert admin_client.post(f"/admin/integrations/breakerorder/{order.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("path", ["/console/health/nobody", "/console/health/nobody/order"])
def test_an_unknown_vendor_is_not_found(acme: Patient, staff: Client, path: str) -> None:
    answer = staff.post(path, {"mode": "open", "reason": "x"}) if path.endswith("order") else staff.get(path)
    assert answer.status_code == 404


def test_the_page_of_a_request_says_when_it_left_nothing(acme: Patient, staff: Client) -> None:
    page = staff.get("/console/requests/a1b2c3d4")
    require_strict(page)
    assert "It left nothing behind" in text(page)


def test_the_state_is_not_written_by_looking(acme: Patient, staff: Client) -> None:
    staff.get("/console/health")
    assert VendorHealth.objects.count() == 0
