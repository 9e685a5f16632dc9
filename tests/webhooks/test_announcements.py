"""What the border announces reaches staff: an event in their stream, and one mail to whoever is on duty."""

from typing import Any

import pytest

from integrations import incidents
from integrations.causes import TABLE
from integrations.email.models import Mail
from realtime.models import StreamEvent
from tests.integrations.patient import NOON, Patient, after
from webhooks.models import OutboxEvent
from webhooks.outbox.relay import relay
from webhooks.watch.announcements import publish_to_staff

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("true_to_the_catalogue")]


@pytest.fixture(autouse=True)
def subscribed(acme: Patient, monkeypatch: Any, settings: Any) -> None:
    monkeypatch.setattr(incidents, "_listeners", [publish_to_staff])
    settings.OPERATORS = ["ada@example.com", "bob@example.com"]


def outage() -> None:
    incidents.settle("acme", "down", "unauthorized", TABLE["unauthorized"], NOON)
    incidents.settle("acme", "down", "", None, after(60))


def test_the_webhooks_app_listens() -> None:
    from webhooks.watch import announcements

    assert announcements.publish_to_staff is publish_to_staff


def test_staff_hear_of_the_beginning_and_the_end_in_this_order() -> None:
    outage()
    events = OutboxEvent.objects.order_by("pk")
    assert [(event.name, event.about, event.user_id) for event in events] == [
        ("integration.degraded", "vendor:acme", None),
        ("integration.recovered", "vendor:acme", None),
    ]
    assert events[0].data["title"] == "Acme is down"
    relay()
    relay()
    assert list(StreamEvent.objects.values_list("stream__key", flat=True)) == ["staff", "staff"]


def test_one_mail_goes_to_everybody_on_duty_and_says_what_to_do() -> None:
    outage()
    relay()
    relay()
    begun, over = Mail.objects.order_by("created_at")
    assert begun.to == ["ada@example.com", "bob@example.com"]
    assert begun.subject == "Acme is down"
    assert "The key is not accepted." in begun.text
    assert "What to do: Compare" in begun.text
    for written in (begun.html, begun.text):
        assert "/console/health/acme" in written
        assert f"Since {NOON:%-d %B %Y, %H:%M:%S} UTC" in written
    for written in (over.html, over.text):
        assert f"From {NOON:%-d %B %Y, %H:%M:%S} UTC to {after(60):%-d %B %Y, %H:%M:%S} UTC" in written
    assert over.subject == "Over: Acme is down"


def test_with_nobody_on_duty_the_event_is_told_and_no_mail_written(settings: Any) -> None:
    settings.OPERATORS = []
    outage()
    relay()
    assert Mail.objects.count() == 0
    assert OutboxEvent.objects.count() == 2


def test_an_incident_whose_transaction_fails_is_not_announced(monkeypatch: Any) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise OSError("the outbox is away")

    monkeypatch.setattr("webhooks.watch.announcements.publish", broken)
    with pytest.raises(OSError, match="away"):
        outage()
    assert incidents.Incident.objects.count() == 0
