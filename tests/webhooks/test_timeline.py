"""Failed calls at a vendor are steps of the story they belong to."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from integrations.models import CallFailure
from tests.webhooks.arrivals import arrive
from webhooks.care.audit import Person, Via
from webhooks.care.choice import Choice
from webhooks.care.orders import replay
from webhooks.models import Delivery, FailedTry, OutboxEvent
from webhooks.path import timeline

pytestmark = pytest.mark.django_db


@pytest.fixture
def failure():
    return CallFailure.objects.create(
        vendor="acme", operation="POST /things", status=503, outcome="vendor_unavailable", latency_ms=1200, attempt=2,
        request_id="request-0001", excerpt="come back later",
    )  # fmt: skip


def test_explain_tells_what_a_vendor_did_to_a_request(failure):
    output = StringIO()
    call_command("explain", "request-0001", "--json", stdout=output)
    (step,) = json.loads(output.getvalue())
    assert (step["kind"], step["ok"]) == ("call", False)
    assert step["title"] == "acme POST /things: vendor_unavailable"
    assert step["detail"] == "try 2, 1200 ms, answered 503 come back later"


def test_staff_find_a_failure_by_its_request_and_change_nothing(failure, admin_client):
    listing = admin_client.get("/admin/integrations/callfailure/", {"q": "request-0001", "vendor": "acme"})
    assert "POST /things" in listing.content.decode()
    assert "POST /things" not in admin_client.get("/admin/integrations/callfailure/?q=another").content.decode()
    assert admin_client.get("/admin/integrations/callfailure/add/").status_code == 403
    assert admin_client.post(f"/admin/integrations/callfailure/{failure.pk}/change/", {}).status_code == 403


def test_explain_tells_staff_of_failed_tries_of_who_replayed_and_of_what_is_waited_for(capsys):
    later = timezone.now() + timedelta(hours=1)
    first = arrive("charge", object_key="pi_1", state="dead")
    second = arrive("refund", object_key="pi_1")
    FailedTry.objects.create(delivery_id=first.pk, number=1, error="Traceback\nKeyError: 'ref'")
    replay(Choice(picked=(first.pk,)), Person("ada@example.com", Via.CONSOLE), "fixed")
    Delivery.objects.filter(pk=first.pk).update(due_at=later)
    call_command("explain", "pi_1", "--json")
    told = {step["title"]: (step["kind"], step["detail"], step["ok"]) for step in json.loads(capsys.readouterr().out)}
    assert told["try 1 at charge failed"] == ("try", "KeyError: 'ref'", False)
    assert told["charge replayed by ada@example.com"] == ("person", "fixed", True)
    assert told[f"refund waits behind #{first.pk}"][0] == "processing"
    assert second.pk > first.pk


def test_whoever_an_order_is_about_is_not_told_what_staff_did():
    row = arrive("charge", object_key="pi_1", request_id="request-0002", state="dead")
    FailedTry.objects.create(delivery_id=row.pk, number=1, error="Traceback\nKeyError: 'ref'")
    OutboxEvent.objects.create(name="thing.done", about="thing:1", data={}, request_id="request-0002")
    titles = [step["title"] for step in timeline.of_subject("thing:1")]
    assert "github said charge" in titles
    assert "try 1 at charge failed" not in titles
    assert "try 1 at charge failed" in [step["title"] for step in timeline.of_subject("thing:1", for_staff=True)]


def test_the_steps_of_a_path_lead_to_their_deliveries():
    row = arrive("charge")
    assert timeline.of_delivery(row)[0]["link"] == f"/console/deliveries/{row.pk}"


def test_a_path_is_as_long_as_a_page_however_much_was_said_of_its_subject():
    row = arrive("charge", object_key="pi_1", request_id="request-0003")
    mine = OutboxEvent.objects.create(name="thing.mine", about="thing:1", data={}, request_id="request-0003")
    OutboxEvent.objects.bulk_create(
        OutboxEvent(name="thing.done", about="thing:1", data={}, request_id=f"other-{number}") for number in range(300)
    )
    for number in range(150):
        arrive("charge", object_key="pi_1", request_id=f"other-{number}")
    told = timeline.of_delivery(row)
    assert len(told) <= 400
    assert mine.name in [step["title"] for step in told]
    assert len(timeline.of_subject("thing:1", for_staff=True)) <= 400
