"""From the outbox to the sinks: once each, in order per subject, whatever fails on the way."""

from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from integrations.ports import Event
from webhooks.models import Dispatch, OutboxEvent
from webhooks.outbox import publish
from webhooks.relay import relay

pytestmark = pytest.mark.django_db(transaction=True)

taken: list[tuple[str, Event]] = []
broken: set[str] = set()


def first(event: Event) -> None:
    _take("first", event)


def second(event: Event) -> None:
    _take("second", event)


def _take(sink: str, event: Event) -> None:
    if sink in broken:
        raise OSError(f"{sink} is broken")
    taken.append((sink, event))


@pytest.fixture(autouse=True)
def two_sinks(settings: Any) -> None:
    settings.PATCHBAY_SINKS = {name: f"{__name__}.{name}" for name in ("first", "second")}
    taken.clear()
    broken.clear()


def published(name: str = "order.paid", about: str = "order:1") -> OutboxEvent:
    with transaction.atomic():
        return publish(name, {"n": 1}, about=about)


def test_an_event_reaches_each_sink_once() -> None:
    event = published()
    relay()
    relay()
    assert [(sink, item.id) for sink, item in taken] == [("first", str(event.uid)), ("second", str(event.uid))]


def test_publishing_outside_a_transaction_is_a_mistake() -> None:
    with pytest.raises(RuntimeError, match="outside the transaction"):
        publish("order.paid", {}, about="order:1")


def test_an_event_of_a_transaction_that_failed_never_was() -> None:
    with transaction.atomic():
        publish("order.paid", {}, about="order:1")
        transaction.set_rollback(True)
    relay()
    assert taken == []


def test_a_broken_sink_holds_up_neither_the_others_nor_other_subjects() -> None:
    broken.add("first")
    published()
    relay()
    assert [sink for sink, _ in taken] == ["second"]
    row = Dispatch.objects.get(sink="first")
    assert row.done_at is None
    assert "first is broken" in row.error
    broken.clear()
    Dispatch.objects.update(due_at=timezone.now())
    relay()
    assert [sink for sink, _ in taken] == ["second", "first"]


def test_a_subject_is_told_in_order_even_when_the_first_telling_failed() -> None:
    broken.add("first")
    published("order.created")
    relay()
    broken.clear()
    published("order.paid")
    relay()
    assert [(sink, item.name) for sink, item in taken if sink == "first"] == []
    Dispatch.objects.update(due_at=timezone.now())
    relay()
    assert [item.name for sink, item in taken if sink == "first"] == ["order.created", "order.paid"]


def test_a_sink_that_writes_and_then_fails_has_written_nothing(settings: Any) -> None:
    settings.PATCHBAY_SINKS = {"half": f"{__name__}.half"}
    published()
    relay()
    assert OutboxEvent.objects.count() == 1


def half(event: Event) -> None:
    publish("order.created", {}, about="order:2")
    raise OSError("halfway")
