"""Work that is not done, and choices in the settings that cannot work."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.email.models import Mail
from tests.webhooks.arrivals import arrive
from webhooks.models import Delivery, Dispatch, Endpoint, Heartbeat, Message, OutboxEvent

LONG_AGO = timedelta(minutes=10)
LAGS = ("inbox_lag", "outbox_lag", "mail_lag", "endpoint_lag")


@pytest.mark.django_db
def test_a_worker_that_never_lived_is_a_warning(the_only):
    finding = the_only("worker")
    assert (finding.severity, finding.where) == ("warning", "BROKER_URL")
    assert "never given a sign of life" in finding.cause
    assert finding.mend.endswith("manage.py serve")


@pytest.mark.django_db
def test_a_worker_that_fell_silent_is_an_error_with_the_procfiles_command(settings, the_only):
    settings.BROKER_URL = "amqp://mq"
    Heartbeat.objects.create(name="worker", at=timezone.now() - LONG_AGO)
    finding = the_only("worker")
    assert finding.severity == "error"
    assert re.search("its last sign of life was 6.. s ago", finding.cause)
    assert "celery -A config.celery worker" in finding.mend


@pytest.mark.django_db
def test_a_worker_that_lives_and_an_empty_table_are_well(examine):
    Heartbeat.objects.create(name="worker", at=timezone.now())
    assert [examine(name) for name in ("worker", "dead_letters", *LAGS)] == [[]] * 6


@pytest.mark.django_db
def test_dead_deliveries_are_told_with_the_command_that_replays_them(the_only):
    for _ in range(2):
        arrive(state="dead")
    finding = the_only("dead_letters")
    assert finding.what == "2 deliveries were given up"
    assert finding.where == "/console/deliveries?state=dead"
    assert "github push" in finding.cause
    assert "manage.py replay --state dead" in finding.mend


@pytest.mark.django_db
@pytest.mark.parametrize("name", LAGS)
def test_what_piles_up_is_told(the_only, examine, admin_user, name):
    due = timezone.now() - LONG_AGO
    event = OutboxEvent.objects.create(name="order.paid", about="order:1", data={})
    arrive(due_at=due)
    Dispatch.objects.create(event=event, sink="mail", due_at=due)
    Mail.objects.create(sender="a@b.c", to=["d@e.f"], subject="", text="", due_at=due)
    endpoint = Endpoint.objects.create(owner=admin_user, url="https://shop.example/hooks")
    Message.objects.create(endpoint=endpoint, event=event, name=event.name, due_at=due)
    finding = the_only(name)
    assert "1 " in finding.what
    assert "piling up" in finding.what
    assert "10 min overdue" in finding.cause
    for model in (Delivery, Dispatch, Mail, Message):
        model.objects.update(due_at=timezone.now() - timedelta(seconds=90))
    assert examine(name) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("since", "told"), [(None, 1), (timedelta(minutes=3), 1), (-timedelta(hours=1), 1), (timedelta(minutes=1), 0)]
)
def test_an_endpoint_with_a_rate_that_nobody_sees_to_is_told(examine, admin_user, since, told):
    now = timezone.now()
    endpoint = Endpoint.objects.create(owner=admin_user, url="https://shop.example/hooks", rate=5)
    Endpoint.objects.update(next_at=since and now - since)
    Message.objects.create(endpoint=endpoint, name="order.paid", sample={}, due_at=now - LONG_AGO)
    assert len(examine("endpoint_lag")) == told


@pytest.mark.parametrize(
    ("path", "cause"),
    [
        ("realtime.sinc.remember", "No module named 'realtime.sinc'"),
        ("realtime.sink.forget", 'does not define a "forget"'),
        ("realtime.sink.__name__", "is no function"),
    ],
)
def test_a_sink_that_is_none_is_told(settings, the_only, path, cause):
    settings.PATCHBAY_SINKS = {"told": path}
    finding = the_only("sinks")
    assert finding.where == "PATCHBAY_SINKS"
    assert cause in finding.cause
    assert finding.mend.startswith("correct 'told' in PATCHBAY_SINKS")


def test_the_sinks_there_are_can_be_called(examine):
    assert examine("sinks") == []


def test_one_proxy_is_one_client_until_it_is_counted(settings, the_only):
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    finding = the_only("proxy")
    assert finding.where == "TRUSTED_PROXY_COUNT"
    assert "shares one limit" in finding.cause
    assert finding.mend.startswith("set TRUSTED_PROXY_COUNT=1")


@pytest.mark.parametrize("url", ["http://localhost:8000", "https://127.0.0.1"])
def test_production_on_this_machine_is_told(settings, the_only, url):
    settings.PATCHBAY_SANDBOX = False
    settings.PATCHBAY_URL = url
    finding = the_only("public_address")
    assert "neither vendors nor people elsewhere" in finding.cause
    assert finding.mend == "set PATCHBAY_URL=https://HOST"
