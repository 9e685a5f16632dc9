"""The public page: true, plain, free of internals, and cheap."""

import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from integrations import control, health, views
from integrations.errors import Unauthorized
from integrations.models import Incident, VendorHealth
from integrations.status import SLOTS, Status, status_at
from integrations.views import Kept
from tests.integrations.patient import NOON, Patient, after
from tests.payments.browsing import require_strict, text

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: Any) -> None:
    monkeypatch.setattr(views._kept, "_value", None)


def only(status: Status) -> Any:
    return status.services[0].vendors[0]


def test_everybody_sees_that_all_is_well(acme: Patient, client: Client) -> None:
    health.check("acme", timezone.now())
    page = client.get("/integrations/status")
    require_strict(page)
    assert "All well" in text(page)
    assert "Acme Works" in text(page)
    assert "No trouble in the last 24 hours" in text(page)


def test_what_is_wrong_is_said_without_our_internals(acme: Patient, client: Client) -> None:
    acme.error = Unauthorized("acme answered 401")
    health.check("acme", timezone.now())
    health.check("acme", timezone.now())
    words = text(client.get("/integrations/status"))
    assert "Acme is not available" in words
    assert "key" not in words
    assert "ACME" not in words


def test_a_service_is_named_by_what_it_does(acme: Patient, takes_money: None) -> None:
    assert [service.name for service in status_at(NOON).services] == ["Payments"]


def test_a_vendor_that_was_never_contacted_is_not_used_yet(acme: Patient) -> None:
    status = status_at(NOON)
    assert (only(status).words, status.headline) == ("Not used yet", "Nothing known yet")
    assert {slot.tone for slot in only(status).strip} == {""}


def test_a_vendor_that_was_looked_at_and_never_used_has_no_record_to_praise(acme: Patient) -> None:
    VendorHealth.objects.create(vendor="acme", state="new", first_at=NOON - timedelta(hours=5), checked_at=NOON)
    vendor = only(status_at(NOON))
    assert (vendor.words, vendor.summary) == ("Not used yet", "Nothing known yet")
    assert {slot.tone for slot in vendor.strip} == {""}


def test_what_staff_hold_open_is_not_available_though_its_probes_are_paused(acme: Patient) -> None:
    for mode in ("pause", "open"):
        control.give("acme", mode, "they asked us to stop", None)
    health.check("acme", NOON)
    vendor = only(status_at(NOON))
    assert (vendor.words, vendor.strip[-1].tone) == ("Not available", "bad")
    assert vendor.summary == "Some trouble in the last 24 hours"


@pytest.mark.parametrize("since", ["paused", "unwatched"])
def test_an_outage_that_nobody_watches_any_more_is_not_said_to_go_on(acme: Patient, client: Client, since: str) -> None:
    acme.error = Unauthorized("acme answered 401")
    began = timezone.now() - timedelta(hours=2)
    for number in range(2):
        health.check("acme", began + timedelta(seconds=number))
    if since == "paused":
        control.give("acme", "pause", "they have shut for the week", None)
        health.check("acme", timezone.now())
    words = text(client.get("/integrations/status"))
    assert "Acme was not available when last looked at" in words
    assert "is not available" not in words
    assert not re.search(r"\d\d:\d\d to", words)


def test_the_page_costs_the_same_however_many_the_vendors(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(3):
        assert sum(len(service.vendors) for service in status_at(NOON).services) > 1


def test_nothing_configured_has_words(acme: Patient, client: Client, settings: Any) -> None:
    settings.PATCHBAY_SANDBOX = False
    assert "Nothing is connected" in text(client.get("/integrations/status"))


def test_a_state_that_nobody_has_checked_lately_is_not_passed_off_as_true(acme: Patient, settings: Any) -> None:
    health.check("acme", NOON)
    assert only(status_at(after(119))).state == "up"
    vendor = only(status_at(after(121)))
    assert (vendor.state, vendor.since) == ("unknown", NOON)


def test_the_strip_shows_each_half_hour_by_its_worst(acme: Patient) -> None:
    health.check("acme", NOON)
    VendorHealth.objects.update(first_at=NOON - timedelta(hours=12))
    hour = timedelta(hours=1)
    for kind, start, end in (("down", 3, 2), ("late", 3.5, 1)):
        Incident.objects.create(vendor="acme", kind=kind, opened_at=NOON - start * hour, closed_at=NOON - end * hour)
    tones = [slot.tone for slot in only(status_at(NOON)).strip]
    assert len(tones) == SLOTS
    assert tones == [""] * 24 + ["good"] * 17 + ["warn"] + ["bad"] * 2 + ["warn"] * 2 + ["good"] * 2
    assert only(status_at(NOON)).summary == "Not available for 1 h of the last 24 hours"


def test_an_incident_of_the_day_before_yesterday_is_forgotten(acme: Patient) -> None:
    old = NOON - timedelta(hours=49)
    Incident.objects.create(vendor="acme", kind="down", opened_at=old, closed_at=old + timedelta(hours=1))
    assert only(status_at(NOON)).incidents == []


def test_a_program_gets_the_same_as_json(acme: Patient, client: Client) -> None:
    health.check("acme", timezone.now())
    answer = client.get("/integrations/status", headers={"accept": "application/json"})
    vendor = answer.json()["services"][0]["vendors"][0]
    assert (vendor["name"], vendor["state"]) == ("Acme", "up")
    assert "Accept" in answer["Vary"]


def test_under_load_it_is_built_once_in_five_seconds(
    acme: Patient, client: Client, django_assert_num_queries: Any
) -> None:
    client.get("/integrations/status")
    with django_assert_num_queries(0):
        for _ in range(5):
            client.get("/integrations/status")


def test_while_one_thread_builds_the_others_are_given_what_there_was() -> None:
    now, built = [0.0], []

    def build() -> Any:
        # Whoever asks in the midst of the building must not build too, nor wait.
        if built:
            built.append(kept.get())
        built.append(len(built))
        return built[-1]

    kept = Kept(build, 5.0, lambda: now[0])
    assert kept.get() == 0
    now[0] = 4.9
    assert kept.get() == 0
    now[0] = 5.1
    assert kept.get() == 2
    assert built == [0, 0, 2]


def test_whoever_comes_while_the_first_is_built_waits_for_it() -> None:
    found: list[Any] = []

    def build() -> Any:
        other.start()
        other.join(0.05)  # it cannot end before we do
        return "built"

    kept = Kept(build, 5.0, lambda: 0.0)
    other = threading.Thread(target=lambda: found.append(kept.get()))
    found.append(kept.get())
    other.join(60)
    assert found == ["built", "built"]


def test_every_page_leads_to_it(client: Client) -> None:
    assert 'href="/integrations/status"' in client.get("/").content.decode()
