"""Arrivals are taken over as they come, and a source that falls silent becomes an incident until it speaks again."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from integrations import control, incidents, tasks
from integrations.causes import TABLE
from integrations.models import Incident, State, VendorHealth
from tests.integrations.patient import Patient
from webhooks.inbox import rules
from webhooks.inbox.insertion import insert
from webhooks.models import ArrivalHour, OutboxEvent, Source
from webhooks.watch import listening
from webhooks.watch.announcements import publish_to_staff

pytestmark = pytest.mark.django_db(transaction=True)

START = datetime(2026, 11, 2, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def receives(acme: Patient) -> None:
    acme.provider._health = None
    acme.provider.webhook(lambda _inbound: [])


def arrive(*moments: datetime, source: str = "acme") -> None:
    rows = [(source, f"{moment} {number}", "k", "", "{}", b"{}", "", moment) for number, moment in enumerate(moments)]
    insert(rules.current().applied(rows))


def hourly(hours: int) -> list[datetime]:
    return [START + number * HOUR for number in range(hours)]


def state() -> str:
    return VendorHealth.objects.get(vendor="acme").state


def test_each_minute_is_noted_once_however_much_arrives_in_it() -> None:
    arrive(START, START + timedelta(seconds=30), START + 59 * MINUTE, START + HOUR)
    listening.note_arrivals(START + 2 * HOUR)
    listening.note_arrivals(START + 2 * HOUR)
    assert listening.arrivals("acme") == [START, START + 59 * MINUTE, START + HOUR]
    assert ArrivalHour.objects.count() == 2


def test_only_what_is_new_is_read(django_assert_max_num_queries: Callable[..., object]) -> None:
    arrive(*hourly(48))
    listening.note_arrivals(START + 48 * HOUR)
    arrive(START + 48 * HOUR + MINUTE)
    with django_assert_max_num_queries(20):  # for two hours, not for forty-nine
        listening.note_arrivals(START + 48 * HOUR + 2 * MINUTE)
    assert len(listening.arrivals("acme")) == 49


def test_a_delivery_committed_a_little_late_is_found_all_the_same() -> None:
    arrive(START + 3 * MINUTE)
    listening.note_arrivals(START + 3 * MINUTE)
    arrive(START + 2 * MINUTE)
    listening.note_arrivals(START + 4 * MINUTE)
    assert len(listening.arrivals("acme")) == 2


def test_a_source_that_falls_silent_is_late_and_not_down_until_it_speaks() -> None:
    arrive(*hourly(48))
    last = START + 47 * HOUR
    assert listening.listen(last + 3 * HOUR) == 0
    assert state() == State.UP
    assert listening.listen(last + 200 * MINUTE) == 1
    assert state() == State.LATE
    incident = Incident.objects.get()
    assert incident.cause == "No delivery for 3 h 20 min; usually one comes within 1 h."
    assert "/webhooks/acme" in incident.remedy
    arrive(last + 201 * MINUTE)
    assert listening.listen(last + 202 * MINUTE) == 0
    incident.refresh_from_db()
    assert incident.closed_at == last + 202 * MINUTE
    assert state() == State.UP


def test_of_a_source_that_has_just_spoken_nothing_is_learned(monkeypatch: pytest.MonkeyPatch) -> None:
    learned: list[int] = []
    monkeypatch.setattr(listening, "learn", lambda arrivals: learned.append(len(arrivals)))
    arrive(*hourly(48))
    last = START + 47 * HOUR
    listening.listen(last + 5 * MINUTE)
    assert learned == []
    listening.listen(last + 6 * MINUTE)
    assert learned == [48]


def test_a_source_that_has_hardly_spoken_is_never_late() -> None:
    arrive(*hourly(5))
    assert listening.listen(START + timedelta(days=20)) == 0
    assert Incident.objects.count() == 0


def test_a_paused_source_is_not_called_late() -> None:
    arrive(*hourly(48))
    control.give("acme", "pause", "they have shut for the week", None)
    assert listening.listen(START + timedelta(days=9)) == 0
    assert Incident.objects.count() == 0


def custom(**fields: object) -> Source:
    return Source.objects.create(
        slug="plant",
        name="The plant",
        scheme="none",
        options={"addresses": ["192.0.2.0/24"]},
        changed_at=START,
        **fields,
    )


def test_a_source_of_our_own_is_late_as_any_other_and_said_so_on_its_page(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incidents, "_listeners", [publish_to_staff])
    custom()
    arrive(*hourly(48), source="plant")
    last = START + 47 * HOUR
    assert [listening.listen(last + 3 * HOUR), listening.listen(last + 200 * MINUTE)] == [0, 1]
    incident = Incident.objects.get()
    assert incident.cause == "No delivery for 3 h 20 min; usually one comes within 1 h."
    assert incident.remedy.startswith("In The plant's dashboard")
    told = OutboxEvent.objects.get(name="integration.degraded").data
    assert (told["vendor"], told["url"].partition("/console")[2]) == ("plant", "/sources/plant")
    assert incident.cause in admin_client.get("/console/sources/plant").content.decode()
    assert 'class="state late"' in admin_client.get("/console/sources").content.decode()
    assert not VendorHealth.objects.filter(vendor="plant").exists()
    arrive(last + 201 * MINUTE, source="plant")
    assert listening.listen(last + 202 * MINUTE) == 0
    incident.refresh_from_db()
    assert incident.closed_at == last + 202 * MINUTE


def test_the_watch_over_vendors_leaves_a_source_of_our_own_late_and_it_is_told_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(incidents, "_listeners", [publish_to_staff])
    custom()
    arrive(*hourly(48), source="plant")
    for minute in range(3):
        assert listening.listen(START + timedelta(days=9) + minute * MINUTE) == 1
        tasks.watch()
    assert Incident.objects.get().closed_at is None
    assert OutboxEvent.objects.filter(name="integration.degraded").count() == 1


def test_the_silence_of_a_pause_is_not_held_against_a_source() -> None:
    source = custom(paused=True)
    arrive(*hourly(48), source="plant")
    resumed = START + timedelta(days=9)
    assert listening.listen(resumed) == 0
    Source.objects.filter(pk=source.pk).update(paused=False, changed_at=resumed)
    assert [listening.listen(resumed + 3 * HOUR), listening.listen(resumed + 4 * HOUR)] == [0, 1]


def test_what_staff_change_of_a_late_source_does_not_call_it_well() -> None:
    source = custom()
    arrive(*hourly(48), source="plant")
    moment = START + timedelta(days=9)
    assert listening.listen(moment) == 1
    Source.objects.filter(pk=source.pk).update(changed_at=moment)
    assert listening.listen(moment + HOUR) == 1


def test_a_source_that_was_deleted_is_watched_no_longer_and_nobody_is_told_that_it_recovered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(incidents, "_listeners", [publish_to_staff])
    source = custom()
    arrive(*hourly(48), source="plant")
    assert listening.listen(START + timedelta(days=9)) == 1
    source.delete()
    deleted = START + timedelta(days=10)
    assert [listening.listen(deleted), incidents.announce(deleted + HOUR)] == [0, 0]
    incident = Incident.objects.get()
    assert incident.closed_at == deleted
    assert incident.cause.endswith(f"Later: {TABLE['deleted'].cause}")
    assert list(OutboxEvent.objects.values_list("name", flat=True)) == ["integration.degraded"]


def test_what_is_older_than_five_weeks_is_forgotten() -> None:
    arrive(START, START + timedelta(days=30))
    listening.note_arrivals(START + timedelta(days=30))
    listening.note_arrivals(START + timedelta(days=36))
    assert listening.arrivals("acme") == [START + timedelta(days=30)]
