"""A row whose JSON Python does not read, though the database took it: that one fails with its reason, alone."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from tests.webhooks.endpoints.receiver import Receiver
from tests.webhooks.endpoints.running import delivered, queue, sending, wait_until
from webhooks.endpoints import services
from webhooks.endpoints.requeueing import take_turn
from webhooks.endpoints.resending import count_since, resend_since
from webhooks.endpoints.trimming import trim
from webhooks.models import Endpoint, Message, OutboxEvent

pytestmark = pytest.mark.django_db(transaction=True)

TOO_LONG = '{"n": ' + "7" * 5000 + "}"  # a number of more digits than Python reads
OURS = "We could not put it into a request (ValueError)"


def break_column(model: Any, column: str, pk: int) -> None:
    cast = "::jsonb" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {model._meta.db_table} SET {column} = %s{cast} WHERE id = %s", [TOO_LONG, pk])


def break_one(endpoint: Endpoint, happen: Callable[..., OutboxEvent], what: str) -> Message:
    """The second of three messages cannot be read: its event, or what it says as a test."""
    for number in range(3):
        happen(about=f"order:{number}", n=number)
    broken = endpoint.messages.order_by("pk")[1]
    if what == "event":
        break_column(OutboxEvent, "data", broken.event_id or 0)
    else:
        Message.objects.filter(pk=broken.pk).update(event=None)
        break_column(Message, "sample", broken.pk)
    return broken


@pytest.mark.parametrize("what", ["event", "sample"])
@pytest.mark.parametrize("ordered", [False, True])
def test_one_that_cannot_be_read_has_failed_with_its_reason_and_the_others_go_on(
    endpoint: Endpoint, happen: Callable[..., OutboxEvent], what: str, ordered: bool, receiver: Receiver
) -> None:
    Endpoint.objects.update(ordered=ordered)
    broken = break_one(endpoint, happen, what)
    queue(services.create(endpoint.owner, url=f"{receiver.url}/other"), 2)
    with sending():
        wait_until(lambda: delivered() == 4)
        wait_until(lambda: Message.objects.filter(state="failed").exists())
    failed = Message.objects.defer("sample").get(state="failed")
    assert failed.pk == broken.pk
    assert OURS in failed.error
    assert failed.log.get().code == "unpacked"
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.failing_since) == (0, None)


def test_what_an_endpoint_is_told_of_is_not_asked_when_sending(
    endpoint: Endpoint, happen: Callable[..., OutboxEvent], receiver: Receiver
) -> None:
    happen()
    receiver.answers.append(receiver.usual)
    break_column(Endpoint, "events", endpoint.pk)
    Endpoint.objects.update(failing_since=timezone.now(), failures=1)
    with sending():
        wait_until(lambda: delivered() == 1)


@pytest.mark.parametrize("what", ["event", "sample"])
def test_its_pages_and_its_api_say_so(
    endpoint: Endpoint, happen: Callable[..., OutboxEvent], what: str, client: Client, api: APIClient, admin_user: Any
) -> None:
    broken = break_one(endpoint, happen, what)
    client.force_login(endpoint.owner)
    assert client.get(f"/endpoints/{endpoint.uid}").status_code == 200
    page = client.get(f"/endpoints/{endpoint.uid}/messages/{broken.uid}")
    assert page.status_code == 200
    assert "cannot be read" in page.text
    client.force_login(admin_user)
    assert "cannot be read" in client.get(f"/console/endpoints/{endpoint.uid}/messages/{broken.uid}").text
    path = f"/api/v1/webhook-endpoints/{endpoint.uid}/messages"
    assert len(api.get(path).json()["results"]) == 3
    assert api.get(f"{path}/{broken.uid}").json()["state"] == "waiting"
    assert api.get(f"{path}/{broken.uid}/attempts").status_code == 200
    assert api.post(f"{path}/{broken.uid}/resend").status_code == 202


def test_it_is_passed_by_where_everything_is_sent_again(endpoint: Endpoint, happen: Callable[..., OutboxEvent]) -> None:
    since = timezone.now()
    broken = break_one(endpoint, happen, "event")
    endpoint.messages.filter(pk=broken.pk).delete()
    assert count_since(endpoint, since) == 1
    order = resend_since(endpoint, since)
    take_turn()
    order.refresh_from_db()
    assert order.messages == 1


def test_it_is_forgotten_like_any_other(endpoint: Endpoint, happen: Callable[..., OutboxEvent]) -> None:
    break_one(endpoint, happen, "sample")
    Message.objects.update(state="failed", done_at=timezone.now() - timedelta(days=settings.ENDPOINT_LOG_DAYS + 1))
    assert trim(timezone.now()) == 3
