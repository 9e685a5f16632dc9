"""Arrivals are taken over as they come, and a source that falls silent becomes an incident until it speaks again."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from integrations import control
from integrations.models import Incident, State, VendorHealth
from tests.integrations.patient import Patient
from webhooks import listening
from webhooks.models import ArrivalHour, Delivery

pytestmark = pytest.mark.django_db(transaction=True)

START = datetime(2026, 11, 2, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def receives(acme: Patient) -> None:
    acme.provider._health = None
    acme.provider.webhook(lambda _inbound: [])


def arrive(*moments: datetime, source: str = "acme") -> None:
    Delivery.objects.bulk_create(
        Delivery(source=source, external_id=f"{moment.isoformat()} {number}", kind="k", body=b"{}", received_at=moment)
        for number, moment in enumerate(moments)
    )


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


def test_a_source_that_has_hardly_spoken_is_never_late() -> None:
    arrive(*hourly(5))
    assert listening.listen(START + timedelta(days=20)) == 0
    assert Incident.objects.count() == 0


def test_a_paused_source_is_not_called_late() -> None:
    arrive(*hourly(48))
    control.give("acme", "pause", "they have shut for the week", None)
    assert listening.listen(START + timedelta(days=9)) == 0
    assert Incident.objects.count() == 0


def test_what_is_older_than_five_weeks_is_forgotten() -> None:
    arrive(START, START + timedelta(days=30))
    listening.note_arrivals(START + timedelta(days=30))
    listening.note_arrivals(START + timedelta(days=36))
    assert listening.arrivals("acme") == [START + timedelta(days=30)]
