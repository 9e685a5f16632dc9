"""The web process watches the worker: it says when it is silent, and carries the alarm the worker cannot."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from config import watch
from integrations.models import Incident
from tests.integrations.patient import NOON, Patient, after
from webhooks.models import Heartbeat

pytestmark = pytest.mark.django_db(transaction=True)

LONG_AGO = NOON - timedelta(hours=1)


@pytest.fixture(autouse=True)
def carried(acme: Patient, monkeypatch: Any) -> list[str]:
    done: list[str] = []
    monkeypatch.setattr(watch, "relay", lambda: done.append("relayed"))
    monkeypatch.setattr(watch, "carry", lambda: done.append("mailed"))
    return done


def beat(at: datetime) -> None:
    Heartbeat.objects.update_or_create(name="worker", defaults={"at": at})


def test_a_worker_that_lives_is_left_alone() -> None:
    beat(NOON)
    assert not watch.look(LONG_AGO, after(29))
    assert Incident.objects.count() == 0


def test_a_silent_worker_is_told_of_once_and_the_alarm_is_carried_from_here(acme: Patient, carried: list[str]) -> None:
    beat(NOON)
    assert watch.look(LONG_AGO, after(45))
    assert watch.look(LONG_AGO, after(55))
    assert acme.told == [("integration.degraded", "patchbay", "silent")]
    assert carried == ["relayed", "mailed"]
    assert Incident.objects.get().cause == "The worker has shown no sign of life for 55 s."


def test_the_worker_that_returns_ends_it(acme: Patient) -> None:
    beat(NOON)
    watch.look(LONG_AGO, after(45))
    beat(after(50))
    assert not watch.look(LONG_AGO, after(55))
    assert acme.events == ["degraded", "recovered"]


def test_a_start_after_a_night_gives_the_worker_time_to_begin() -> None:
    beat(NOON - timedelta(hours=9))
    assert not watch.look(NOON, after(29))
    assert watch.look(NOON, after(31))


def test_a_restarted_web_process_does_not_take_a_worker_for_well_that_it_has_not_heard(acme: Patient) -> None:
    beat(NOON)
    watch.look(LONG_AGO, after(45))
    assert not watch.look(after(50), after(60))
    assert Incident.objects.get().closed_at is None


def test_a_worker_that_never_was_is_silent_too() -> None:
    assert watch.look(LONG_AGO, NOON)
