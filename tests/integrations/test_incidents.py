"""Telling staff: not at night, not each time it flaps, and never of an end whose beginning nobody heard of."""

from datetime import datetime
from typing import Any

import pytest

from integrations import control, incidents, tasks
from integrations.causes import OURS, TABLE, Words, span
from integrations.incidents import announce, is_quiet, settle
from integrations.models import Incident
from tests.integrations.patient import NIGHT, NOON, Patient, after

pytestmark = pytest.mark.django_db


def begin(now: datetime, kind: str = "down", vendor: str = "acme") -> None:
    settle(vendor, kind, "timeout", TABLE["timeout"], now)


def end(now: datetime, kind: str = "down") -> None:
    settle("acme", kind, "", None, now)


@pytest.fixture
def quiet(settings: Any) -> None:
    settings.QUIET_HOURS = "22-07"


def test_staff_are_told_of_the_beginning_and_of_the_end(acme: Patient) -> None:
    begin(NOON)
    end(after(60))
    assert acme.events == ["degraded", "recovered"]
    assert announce(after(7200)) == 0


def test_closing_twice_tells_once(acme: Patient) -> None:
    begin(NOON)
    end(after(60))
    end(after(61))
    assert acme.events == ["degraded", "recovered"]


def test_what_flaps_does_not_ring_each_time_and_never_says_well_again_too_soon(acme: Patient) -> None:
    for number in range(10):
        begin(after(number * 60))
        end(after(number * 60 + 30))
        announce(after(number * 60 + 45))
    assert acme.events == ["degraded", "recovered", "degraded"]
    assert Incident.objects.count() == 10
    assert announce(after(570 + 899)) == 0
    assert announce(after(570 + 900)) == 1
    assert acme.events == ["degraded", "recovered", "degraded", "recovered"]
    assert announce(after(7200)) == 0


def test_a_relapse_after_a_told_recovery_is_told_at_once(acme: Patient) -> None:
    begin(NOON)
    end(after(60))
    begin(after(90))
    assert acme.events == ["degraded", "recovered", "degraded"]


def test_the_end_of_a_relapse_is_told_once_it_has_lasted(acme: Patient, monkeypatch: Any) -> None:
    heard: list[Any] = []
    monkeypatch.setattr(incidents, "_listeners", [heard.append])
    for opened, closed in ((0, 60), (120, 300), (360, 500)):
        begin(after(opened))
        end(after(closed))
    announce(after(500 + 900))
    assert [(one.incident.opened_at, one.incident.closed_at) for one in heard if one.name.endswith("recovered")] == [
        (NOON, after(60)),
        (after(120), after(500)),
    ]


def test_the_first_cause_stays_and_each_later_one_is_added_once(acme: Patient) -> None:
    for number, code in enumerate(["timeout", "unauthorized", "timeout", "unauthorized", "unreachable"]):
        settle("acme", "down", code, TABLE[code], after(number))
    incident = Incident.objects.get()
    assert (incident.code, incident.opened_at) == ("timeout", NOON)
    assert incident.cause == (
        "It takes requests and does not answer in time. Later: The key is not accepted."
        " Later: No connection can be made."
    )
    assert incident.remedy == TABLE["unreachable"].remedy


def test_a_cause_that_only_renews_its_figures_takes_the_place_of_its_first_words(acme: Patient) -> None:
    for silence in ("5 min", "6 min"):
        settle("acme", "late", "late", Words(f"No delivery for {silence}.", "Look."), NOON)
    assert Incident.objects.get().cause == "No delivery for 6 min."


def test_an_incident_does_not_grow_with_every_cause_there_is(acme: Patient) -> None:
    for number, code in enumerate(TABLE):
        settle("acme", "down", code, TABLE[code], after(number))
    assert Incident.objects.get().cause.count("Later: ") == 3


def test_another_kind_of_trouble_is_not_held_back(acme: Patient) -> None:
    begin(NOON)
    begin(after(10), kind="late")
    assert acme.events == ["degraded", "degraded"]


@pytest.mark.usefixtures("quiet")
def test_nobody_is_woken_and_the_morning_tells_what_is_still_so(acme: Patient) -> None:
    begin(NIGHT)
    assert announce(after(3600, NIGHT)) == 0
    assert announce(after(5 * 3600, NIGHT)) == 1  # 07:00
    assert acme.events == ["degraded"]


@pytest.mark.usefixtures("quiet")
def test_what_was_over_by_the_morning_is_not_told_at_all(acme: Patient) -> None:
    begin(NIGHT)
    end(after(60, NIGHT))
    assert announce(NOON) == 0
    assert acme.events == []


@pytest.mark.usefixtures("quiet")
def test_an_end_at_night_is_told_in_the_morning(acme: Patient) -> None:
    begin(datetime.fromisoformat("2026-11-23T21:59:00+00:00"))
    end(NIGHT)
    assert acme.events == ["degraded"]
    announce(NOON)
    assert acme.events == ["degraded", "recovered"]


@pytest.mark.usefixtures("quiet", "takes_money")
def test_a_payment_vendor_that_is_down_rings_at_any_hour_but_not_when_it_is_late(acme: Patient) -> None:
    begin(NIGHT, kind="late")
    assert acme.events == []
    begin(NIGHT, kind="down")
    assert acme.told == [("integration.degraded", "acme", "down")]


@pytest.mark.usefixtures("quiet", "acme")
def test_a_silent_worker_rings_at_any_hour(acme: Patient) -> None:
    begin(NIGHT, kind="silent", vendor=OURS)
    assert acme.events == ["degraded"]


@pytest.mark.django_db(transaction=True)
def test_a_paused_vendor_rings_nobody_until_it_is_resumed(acme: Patient) -> None:
    control.give("acme", "pause", "moving house", None)
    begin(NOON)
    assert acme.events == []
    control.give("acme", "resume", "done", None)
    announce(after(60))
    assert acme.events == ["degraded"]


@pytest.mark.parametrize(
    ("hour", "hours", "quiet"),
    [
        (22, "22-07", True),
        (6, "22-07", True),
        (7, "22-07", False),
        (12, "", False),
        (1, "1-5", True),
        (5, "1-5", False),
    ],
)
def test_quiet_hours_begin_with_the_first_and_end_before_the_last(hour: int, hours: str, quiet: bool) -> None:
    assert is_quiet(NOON.replace(hour=hour), hours) is quiet


@pytest.mark.parametrize(
    ("seconds", "words"), [(45, "45 s"), (60, "1 min"), (3600, "1 h"), (12_000, "3 h 20 min"), (190_000, "2 d 4 h")]
)
def test_lengths_of_time_read_as_a_person_says_them(seconds: int, words: str) -> None:
    assert span(seconds) == words


def test_a_vendor_that_is_no_longer_configured_keeps_no_open_incident(acme: Patient, settings: Any) -> None:
    begin(NOON)
    begin(NOON, vendor="removed")
    begin(NOON, kind="silent", vendor=OURS)
    settings.PATCHBAY_SANDBOX = False  # whose keys were acme's
    tasks.watch()
    assert [row.vendor for row in Incident.objects.filter(closed_at=None)] == [OURS]
    incident = Incident.objects.get(vendor="acme")
    assert incident.cause == f"{TABLE['timeout'].cause} Later: {TABLE['unconfigured'].cause}"
    assert incident.remedy.startswith("Nothing, if that was meant; otherwise set ACME_API_KEY again")


def test_nobody_is_told_that_a_vendor_recovered_which_is_no_longer_configured(acme: Patient) -> None:
    begin(NOON)
    incidents.let_go([], after(60))
    begin(NOON, kind="late")
    end(after(30), kind="late")
    begin(after(40), kind="late")
    end(after(50), kind="late")  # a relapse, whose end would be told once it has lasted
    told = list(acme.events)
    incidents.let_go([], after(70))
    assert announce(after(7200)) == 0
    assert acme.events == told
    assert told.count("recovered") == 1


def test_once_configured_again_a_vendor_that_is_still_down_is_told_at_once(acme: Patient) -> None:
    begin(NOON)
    incidents.let_go([], after(60))
    begin(after(90))
    assert acme.events == ["degraded", "degraded"]


def test_the_incidents_of_the_configured_go_on(acme: Patient) -> None:
    begin(NOON)
    incidents.let_go(["acme"], after(60))
    assert Incident.objects.get().closed_at is None
