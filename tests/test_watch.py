"""The web process watches the worker: it says when it is silent, and carries the alarm the worker cannot."""

import threading
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from config import watch
from config.celery import obey, obey_no_more
from integrations import incidents
from integrations.causes import OURS
from integrations.email.models import Mail
from integrations.email.services import write
from integrations.models import Incident
from tests.integrations.patient import NOON, Patient, after
from webhooks.models import Dispatch, Heartbeat
from webhooks.watch.announcements import publish_to_staff

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


def test_an_alarm_that_did_not_leave_is_carried_again(carried: list[str], monkeypatch: Any) -> None:
    monkeypatch.setattr(incidents, "_listeners", [publish_to_staff])
    monkeypatch.setattr(watch, "relay", fail)
    beat(NOON)
    with pytest.raises(OSError, match="locked"):
        watch.look(LONG_AGO, after(45))
    monkeypatch.setattr(watch, "relay", lambda: carried.append("relayed"))
    watch.look(LONG_AGO, after(55))
    assert carried == ["relayed", "mailed"]
    Dispatch.objects.update(done_at=after(55))
    mail = write(to=["staff@example.com"], subject="x", text="x", about=f"vendor:{OURS}")
    watch.look(LONG_AGO, after(65))
    assert carried == ["relayed", "mailed"] * 2
    Mail.objects.filter(pk=mail.pk).update(state=Mail.State.SENT)
    watch.look(LONG_AGO, after(75))
    assert carried == ["relayed", "mailed"] * 2


def fail() -> None:
    raise OSError("the database is locked")


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


def test_a_look_that_fails_is_not_the_last_and_stopping_ends_them() -> None:
    looked: list[int] = []
    again = threading.Event()

    def look() -> None:
        looked.append(1)
        if len(looked) == 1:
            raise OSError("the database is away")
        again.set()

    over = watch.Watch("test", 0.001, look)
    over.start()
    over.start()
    assert again.wait(60)
    over.stop()
    assert "test" not in [thread.name for thread in threading.enumerate()]


def test_a_worker_obeys_what_staff_order_from_its_start_to_its_end(monkeypatch: Any) -> None:
    done: list[str] = []
    for name in ("start", "stop"):
        monkeypatch.setattr(watch.orders, name, partial(done.append, name))
    obey()
    obey_no_more()
    assert done == ["start", "stop"]
