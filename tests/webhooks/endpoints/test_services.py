"""What people decide about their endpoints holds at once and to its end, whatever happens meanwhile."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models.deletion import Collector
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from webhooks.endpoints import requeueing, services
from webhooks.endpoints.resending import resend_since
from webhooks.models import Attempt, Endpoint, Message, OutboxEvent
from webhooks.outbox.publishing import publish
from webhooks.outbox.relay import relay

pytestmark = pytest.mark.django_db

PATH = "/api/v1/webhook-endpoints"
Happen = Callable[..., OutboxEvent]


@pytest.fixture
def path(endpoint: Endpoint) -> str:
    return f"{PATH}/{endpoint.uid}"


@pytest.mark.django_db(transaction=True)
def test_deleting_goes_well_while_events_are_queued_for_it(
    api: APIClient, path: str, happen: Happen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between looking for what refers to it and deleting that, another process queues one more."""
    happen()
    endpoint, real, late = Endpoint.objects.get(), Collector.delete, iter([1])

    def delete(self: Collector) -> Any:
        if Endpoint in self.data and next(late, None):
            Message.objects.create(endpoint=endpoint, name="order.paid", sample={})
        return real(self)

    monkeypatch.setattr(Collector, "delete", delete)
    assert api.delete(path).status_code == 204
    assert Message.objects.count() == Endpoint.objects.count() == 0


def test_the_earlier_secrets_end_with_the_overlap_of_the_last_rotation(api: APIClient, path: str) -> None:
    """Whoever rotates at once, because a secret has leaked, means every secret that there was."""
    api.post(f"{path}/rotate", {"overlap_hours": 100}, "json")
    api.post(f"{path}/rotate", {"overlap_hours": 2}, "json")
    secret = api.get(f"{path}/secret").json()
    latest = timezone.now() + timedelta(hours=2, minutes=1)
    assert len(secret["earlier"]) == 2
    assert all(datetime.fromisoformat(key["expires_at"]) < latest for key in secret["earlier"])
    api.post(f"{path}/rotate", {"overlap_hours": 0}, "json")
    assert api.get(f"{path}/secret").json()["earlier"] == []


def test_only_so_many_secrets_sign_at_once_but_one_may_always_be_replaced_at_once(api: APIClient, path: str) -> None:
    """Their signatures share one header, and servers take headers of a few kilobytes."""
    answers = [api.post(f"{path}/rotate", {"overlap_hours": 1}, "json") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 4 + [409] * 2
    assert answers[-1].json()["code"] == "too_many_secrets"
    assert api.post(f"{path}/rotate", {"overlap_hours": 0}, "json").status_code == 200
    assert api.get(f"{path}/secret").json()["earlier"] == []


def test_of_a_message_with_many_tries_the_latest_are_told(api: APIClient, path: str, happen: Happen) -> None:
    event = happen()
    message = Message.objects.get()
    Attempt.objects.bulk_create(
        Attempt(message=message, number=number, at=timezone.now(), ms=1, url="") for number in range(1, 151)
    )
    told = api.get(f"{path}/messages/{event.uid}/attempts").json()["results"]
    assert [attempt["number"] for attempt in told] == list(range(51, 151))


def test_no_answer_with_a_secret_is_kept_on_its_way(api: APIClient, path: str) -> None:
    assert "no-store" in api.get(f"{path}/secret")["Cache-Control"]


def test_the_document_names_what_may_go_wrong_and_each_kind_of_scheme() -> None:
    document = SchemaGenerator().get_schema(request=None, public=True)
    assert document["components"]["schemas"]["EndpointScheme"]["enum"] == ["v1", "v1a"]
    assert "hmac" in document["components"]["schemas"]["SourceScheme"]["enum"]
    paths = document["paths"]
    assert {"200", "401"} <= set(paths[PATH]["get"]["responses"])
    assert {"200", "400", "401", "404"} <= set(paths[f"{PATH}/{{uid}}/messages"]["get"]["responses"])
    assert "409" in paths[f"{PATH}/{{uid}}/rotate"]["post"]["responses"]


def test_what_is_sent_again_is_ones_own_was_relayed_and_is_no_test(
    endpoint: Endpoint, customer: Any, happen: Happen, django_user_model: Any
) -> None:
    since = timezone.now()
    Endpoint.objects.update(state="disabled")
    happen(about="order:1")
    happen(about="order:2", user=django_user_model.objects.create_user("other@example.com"))
    with transaction.atomic():
        publish("order.paid", {"n": 3}, about="order:3", user=customer.pk)
    Endpoint.objects.update(state="enabled")
    tried = Message.objects.create(endpoint=endpoint, name="order.paid", sample={}, state="failed", done_at=since)
    endpoint.refresh_from_db()
    resend_since(endpoint, since)
    assert requeueing.take_turn() == 1
    (queued,) = endpoint.messages.exclude(pk=tried.pk)
    assert queued.event is not None
    assert queued.event.about == "order:1"
    relay()
    assert endpoint.messages.filter(event__about="order:3").count() == 1
    tried.refresh_from_db()
    assert tried.state == "failed"


def test_one_endpoint_whose_order_counts_is_held_while_an_event_is_queued_for_it(
    endpoint: Endpoint, happen: Happen
) -> None:
    """Numbers are given before a commit: else a later one could be seen, and sent, first."""
    happen(about="order:0")  # the first reads what the others find in memory
    with CaptureQueriesContext(connection) as without:
        happen(about="order:1")
    services.change(endpoint, ordered=True)
    with CaptureQueriesContext(connection) as held:
        happen(about="order:2")
    assert len(held) == len(without) + 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL: no two releases share an SQLite")
def test_an_order_goes_with_an_endpoint_that_is_deleted_by_who_knows_of_none(endpoint: Endpoint) -> None:
    resend_since(endpoint, timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM webhooks_endpointsecret")
        cursor.execute("DELETE FROM webhooks_endpoint WHERE id = %s", [endpoint.pk])
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert not endpoint.resends.exists()
