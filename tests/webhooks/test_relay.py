"""From the outbox to the sinks: once each, in order per subject, whatever fails on the way."""

from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from integrations.claims import claim
from integrations.ports import Event
from webhooks.models import Dispatch, Heartbeat, OutboxEvent
from webhooks.outbox import relay as relaying
from webhooks.outbox.publishing import publish
from webhooks.outbox.relay import relay

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


def test_the_traceback_of_a_sink_is_kept_without_secrets(monkeypatch: Any) -> None:
    def leaky(_event: Event) -> None:
        raise RuntimeError("postgres://user:hunter2hunter2@host/db")

    monkeypatch.setitem(globals(), "first", leaky)
    published()
    relay()
    error = Dispatch.objects.get(sink="first").error
    assert "Traceback" in error
    assert "hunter2" not in error


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


def test_in_a_batch_one_that_fails_takes_no_other_along(settings: Any) -> None:
    settings.PATCHBAY_SINKS = {"told": f"{__name__}.tell_unless_about_two"}
    for number in (1, 2, 3):
        published(about=f"order:{number}")
    relay()
    assert told() == ["order:1", "order:3"]
    assert Dispatch.objects.get(sink="told", done_at=None).event.about == "order:2"


def test_a_batch_is_one_transaction(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PATCHBAY_SINKS = {"told": f"{__name__}.tell_unless_about_two"}
    for number in (1, 3, 4):
        published(about=f"order:{number}")
    monkeypatch.setattr(relaying, "_alone", None)
    relay()
    assert told() == ["order:1", "order:3", "order:4"]


def test_what_somebody_else_has_claimed_since_is_theirs(settings: Any) -> None:
    settings.PATCHBAY_SINKS = {"told": f"{__name__}.tell_unless_about_two"}
    for number in (1, 3):
        published(about=f"order:{number}")
    batch = claim(Dispatch.objects.select_related("event"), 10)
    Dispatch.objects.filter(event__about="order:1").update(attempts=2)
    relaying._hand_over(batch)
    assert told() == ["order:3"]
    assert Dispatch.objects.get(done_at=None).event.about == "order:1"


def test_a_turn_ends_in_time_and_calls_for_the_next(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PATCHBAY_SINKS = {"told": f"{__name__}.tell_unless_about_two"}
    now, calls = [0.0], []
    monkeypatch.setattr(relaying, "clock", lambda: now[0])
    monkeypatch.setattr(relaying, "BATCH", 1)
    monkeypatch.setattr(relaying, "wake_relay", lambda: calls.append(now[0]))
    monkeypatch.setitem(globals(), "tell_unless_about_two", lambda _event: now.__setitem__(0, now[0] + relaying.TURN))
    published(about="order:1")
    published(about="order:3")
    assert (relaying.take_turn(), len(calls)) == (1, 1)
    assert (relaying.take_turn(), len(calls)) == (1, 2)
    assert (relaying.take_turn(), len(calls)) == (0, 2)


def tell_unless_about_two(event: Event) -> None:
    """Writes a row, so that what was rolled back is not seen."""
    Heartbeat.objects.create(name=event.about, at=timezone.now())
    if event.about == "order:2":
        raise OSError("not this one")


def told() -> list[str]:
    return sorted(Heartbeat.objects.values_list("name", flat=True))
