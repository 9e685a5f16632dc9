"""Sending again begins where the time is found in the outbox, and knows what it is about by ids, not by clocks."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from webhooks.endpoints import requeueing
from webhooks.endpoints.requeueing import take_turn
from webhooks.endpoints.resending import resend_since
from webhooks.models import Dispatch, Endpoint, Message, OutboxEvent, Resend

pytestmark = pytest.mark.django_db

OLD = 6_000
NEW = 20


@pytest.fixture
def outbox(customer: Any) -> None:
    """Many events of two days ago, and few of this hour, all of them relayed."""
    now = timezone.now()
    days = [now - timedelta(days=2)] * OLD + [now - timedelta(minutes=30)] * NEW
    OutboxEvent.objects.bulk_create(
        OutboxEvent(name="order.paid", about="", data={}, user=customer, at=at) for at in days
    )
    Dispatch.objects.bulk_create(
        Dispatch(event=event, sink="endpoints", done_at=now) for event in OutboxEvent.objects.all()
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def first_new() -> int:
    return OutboxEvent.objects.order_by("pk").values_list("pk", flat=True)[OLD]


def plan(statement: str) -> list[str]:
    explain = "EXPLAIN (ANALYZE)" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        cursor.execute(f"{explain} {statement.replace('%', '%%')}", [])
        return [str(row[-1]).strip() for row in cursor.fetchall()]


@pytest.mark.usefixtures("outbox")
def test_the_beginning_is_found_by_the_index_of_times(endpoint: Endpoint) -> None:
    with CaptureQueriesContext(connection) as captured:
        order = resend_since(endpoint, timezone.now() - timedelta(hours=1))
    assert first_new() - 1 == order.event
    (asked,) = (q["sql"] for q in captured if '"at" <' in q["sql"])
    lines = plan(asked)
    assert any("outbox_at" in line for line in lines)
    assert not [line for line in lines if "Seq Scan" in line or line.startswith("SCAN webhooks_outboxevent")]


@pytest.mark.usefixtures("outbox")
def test_a_step_reads_none_of_what_happened_before(endpoint: Endpoint) -> None:
    order = resend_since(endpoint, timezone.now() - timedelta(hours=1))
    with CaptureQueriesContext(connection) as captured:
        assert requeueing._step(order.pk) == NEW
    (asked,) = (q["sql"] for q in captured if 'FROM "webhooks_outboxevent"' in q["sql"] and '"at" >=' in q["sql"])
    lines = plan(asked)
    if connection.vendor == "postgresql":
        # What a scan threw away, or how many rows it gave: never as many as there are old events.
        read = [int(part.split()[0]) for line in lines for part in line.split("rows=")[1:]]
        read += [int(line.split(":")[1]) for line in lines if line.startswith("Rows Removed")]
        assert max(read) < OLD
    else:
        (found,) = (line for line in lines if "webhooks_outboxevent" in line)
        assert found.startswith("SEARCH")
        assert "rowid>?" in found


@pytest.mark.usefixtures("outbox")
def test_one_step_is_enough_however_much_happened_before(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requeueing, "WINDOW", 100)
    order = resend_since(endpoint, timezone.now() - timedelta(hours=1))
    steps = [requeueing._step(order.pk), requeueing._step(order.pk)]
    assert steps == [NEW, 0]
    assert Resend.objects.get().finished_at


def test_hosts_whose_clocks_differ_leave_nothing_out(endpoint: Endpoint, happen: Callable[..., OutboxEvent]) -> None:
    """The event of a host that is behind comes between two of one that is right; the recorder's clock is ahead."""
    since = timezone.now()
    right, behind, too = (happen(about=f"order:{n}") for n in range(3))
    OutboxEvent.objects.filter(pk=right.pk).update(at=since + timedelta(seconds=30))
    OutboxEvent.objects.filter(pk=behind.pk).update(at=since - timedelta(seconds=30))
    OutboxEvent.objects.filter(pk=too.pk).update(at=since + timedelta(seconds=31))
    endpoint.messages.update(state="failed", done_at=timezone.now() + timedelta(minutes=1))
    resend_since(endpoint, since)
    assert take_turn() == 2
    assert set(endpoint.messages.filter(state="waiting").values_list("event", flat=True)) == {right.pk, too.pk}


def test_what_it_queued_and_what_happened_since_is_not_sent_twice(
    endpoint: Endpoint, happen: Callable[..., OutboxEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clocks of those who record are a minute behind: all seems to have ended before it was ordered."""
    monkeypatch.setattr(requeueing, "STEP", 2)
    monkeypatch.setattr(requeueing, "WINDOW", 1)
    since, early = timezone.now(), timezone.now() - timedelta(minutes=1)
    for number in range(2):
        happen(about=f"order:{number}")
    Endpoint.objects.update(state="disabled")
    for number in range(2, 4):
        happen(about=f"order:{number}")
    Endpoint.objects.update(state="enabled")
    endpoint.refresh_from_db()
    Message.objects.update(state="delivered", done_at=early)
    order = resend_since(endpoint, since, delivered_too=True)
    happen(about="order:later")
    queued = 0
    for _ in range(10):
        Message.objects.filter(state="waiting").update(state="delivered", done_at=early)
        queued += requeueing._step(order.pk) or 0
    assert queued == 4
    assert Resend.objects.get().finished_at
