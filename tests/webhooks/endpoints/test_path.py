"""`explain` tells an event's way to every endpoint, try by try."""

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from tests.webhooks.endpoints.conftest import send_due
from tests.webhooks.endpoints.receiver import Answer, Receiver
from webhooks.models import Endpoint, Message, OutboxEvent

pytestmark = pytest.mark.django_db


def explained(identifier: str) -> list[dict[str, Any]]:
    output = StringIO()
    call_command("explain", identifier, "--json", stdout=output)
    return [step for step in json.loads(output.getvalue()) if step["kind"] in ("event", "endpoint")]


def test_every_try_and_what_is_to_come_are_steps(
    endpoint: Endpoint, receiver: Receiver, happen: Callable[..., OutboxEvent]
) -> None:
    receiver.answers += [Answer(500, body=b"their own words"), Answer(200)]
    event = happen()
    send_due()
    told, tried, due = explained(str(event.uid))
    assert (told["title"], tried["ok"], due["ok"]) == ("order.paid", False, None)
    assert tried["title"] == f"order.paid sent to {endpoint.uid}: answered 500"
    assert due["title"] == f"try 2 of order.paid for {endpoint.uid} is due"
    assert "their own words" not in json.dumps([tried, due])
    send_due(timezone.now() + timedelta(minutes=1))
    assert [step["ok"] for step in explained("order:1")] == [True, False, True]


def test_one_that_was_given_up_says_so(
    endpoint: Endpoint, receiver: Receiver, happen: Callable[..., OutboxEvent]
) -> None:
    happen()
    Message.objects.update(state="failed", tries=10, done_at=timezone.now())
    (_, last) = explained("order:1")
    assert (last["title"], last["detail"], last["ok"]) == (
        f"order.paid for {endpoint.uid} given up", "after 10 tries", False,
    )  # fmt: skip


def test_staff_find_endpoints_and_messages_in_the_admin_and_no_secret(
    endpoint: Endpoint, receiver: Receiver, happen: Callable[..., OutboxEvent], admin_client: Any
) -> None:
    event = happen()
    send_due()
    assert endpoint.uid in admin_client.get("/admin/webhooks/endpoint/", {"q": endpoint.uid}).content.decode()
    page = admin_client.get(f"/admin/webhooks/endpoint/{endpoint.pk}/change/").content.decode()
    assert endpoint.url in page
    assert endpoint.secrets.get().sealed not in page
    message = Message.objects.get()
    assert str(event.uid) in admin_client.get(f"/admin/webhooks/message/{message.pk}/change/").content.decode()
    assert admin_client.get("/admin/webhooks/message/add/").status_code == 403
