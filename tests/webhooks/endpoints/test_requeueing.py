"""What is ordered to be sent again is queued by a worker: in short steps, once, whoever dies between them."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from webhooks.endpoints import requeueing, services
from webhooks.endpoints.requeueing import take_turn
from webhooks.endpoints.resending import count_since, resend_since
from webhooks.endpoints.trimming import trim
from webhooks.models import Endpoint, Message, OutboxEvent, Resend

pytestmark = pytest.mark.django_db

Happen = Callable[..., OutboxEvent]
Missed = Callable[[int], None]


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requeueing, "STEP", 2)
    monkeypatch.setattr(requeueing, "WINDOW", 2)


@pytest.fixture
def missed(endpoint: Endpoint, happen: Happen) -> Missed:
    """So many events while the endpoint is disabled; it is enabled afterwards."""

    def misses(count: int) -> None:
        Endpoint.objects.update(state="disabled")
        for number in range(count):
            happen(about=f"order:{number}", n=number)
        Endpoint.objects.update(state="enabled")
        endpoint.refresh_from_db()

    return misses


def failed(endpoint: Endpoint, happen: Happen, count: int) -> None:
    for number in range(count):
        happen(about=f"order:failed-{number}")
    endpoint.messages.filter(state="waiting").update(state="failed", tries=10, done_at=timezone.now())


def test_asking_costs_the_same_however_much_it_is_about(endpoint: Endpoint, happen: Happen, missed: Missed) -> None:
    since = timezone.now()
    costs = []
    for _ in range(2):
        missed(10)
        with CaptureQueriesContext(connection) as queries:
            resend_since(endpoint, since)
        costs.append(len(queries))
    assert costs[0] == costs[1]
    assert not endpoint.messages.exists()


def test_what_failed_and_what_was_never_queued_is_queued_in_its_order(
    endpoint: Endpoint, happen: Happen, missed: Missed
) -> None:
    since = timezone.now()
    failed(endpoint, happen, 5)
    missed(5)
    assert count_since(endpoint, since) == 10
    order = resend_since(endpoint, since)
    assert take_turn() == 10
    assert set(endpoint.messages.values_list("state", "tries")) == {("waiting", 0)}
    uids = list(endpoint.messages.order_by("pk").values_list("uid", flat=True))
    assert uids == list(OutboxEvent.objects.order_by("pk").values_list("uid", flat=True))
    order.refresh_from_db()
    assert (order.messages, order.finished_at is not None) == (10, True)
    assert take_turn() == 0


def test_killed_between_two_steps_it_goes_on_where_it_was(
    endpoint: Endpoint, happen: Happen, missed: Missed, monkeypatch: pytest.MonkeyPatch
) -> None:
    since, real, steps = timezone.now(), requeueing._step, iter(range(3))
    failed(endpoint, happen, 3)
    missed(3)
    order = resend_since(endpoint, since)

    def dies(pk: int) -> int | None:
        if next(steps, None) is None:
            raise KeyboardInterrupt
        return real(pk)

    monkeypatch.setattr(requeueing, "_step", dies)
    with pytest.raises(KeyboardInterrupt):
        take_turn()
    monkeypatch.undo()
    before = Message.objects.filter(state="waiting").count()
    assert 0 < before < 6
    take_turn()
    order.refresh_from_db()
    assert (Message.objects.filter(state="waiting").count(), order.messages) == (6, 6)


def test_what_was_delivered_anew_meanwhile_is_not_sent_a_third_time(endpoint: Endpoint, happen: Happen) -> None:
    since = timezone.now()
    failed(endpoint, happen, 2)
    order = resend_since(endpoint, since, delivered_too=True)
    assert requeueing._step(order.pk) == 2
    later = timezone.now() + timedelta(seconds=1)
    endpoint.messages.update(state="delivered", done_at=later)
    assert take_turn() == 0


def test_a_turn_ends_in_time_and_calls_for_the_next(
    endpoint: Endpoint, missed: Missed, monkeypatch: pytest.MonkeyPatch
) -> None:
    since = timezone.now()
    missed(6)
    resend_since(endpoint, since)
    calls: list[Any] = []
    monkeypatch.setattr(requeueing, "SECONDS", 0.0)
    monkeypatch.setattr(requeueing, "wake_resend", lambda: calls.append(1))
    assert take_turn() <= 2
    assert calls == [1]
    assert Resend.objects.get().finished_at is None


def test_orders_take_turns(customer: Any, endpoint: Endpoint, missed: Missed, monkeypatch: pytest.MonkeyPatch) -> None:
    since = timezone.now()
    missed(6)
    other = services.create(customer, url=endpoint.url)
    for one in (endpoint, other):
        resend_since(one, since)
    Resend.objects.update(event=OutboxEvent.objects.order_by("pk")[0].pk - 1)
    monkeypatch.setattr(requeueing, "SECONDS", 0.0)
    take_turn()
    assert list(Resend.objects.order_by("pk").values_list("messages", flat=True)) == [2, 2]


def test_however_many_orders_there_are_a_turn_ends_in_time_and_none_is_always_the_last(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(8):
        resend_since(endpoint, timezone.now())
    monkeypatch.setattr(requeueing, "ORDERS", 2)
    monkeypatch.setattr(requeueing, "SECONDS", 0.0)
    steps: Counter[int] = Counter()
    monkeypatch.setattr(requeueing, "_step", lambda pk: steps.update([pk]) or 1)
    take_turn()
    assert steps.total() == 2
    for _ in range(100):
        take_turn()
    assert len(steps) == 8


def test_nothing_is_queued_for_one_that_is_disabled_meanwhile(endpoint: Endpoint, missed: Missed) -> None:
    since = timezone.now()
    missed(3)
    order = resend_since(endpoint, since)
    Endpoint.objects.update(state="disabled")
    assert take_turn() == 0
    order.refresh_from_db()
    assert (order.messages, order.finished_at is not None) == (0, True)


def test_an_order_goes_with_its_endpoint_and_with_the_log(endpoint: Endpoint, missed: Missed, settings: Any) -> None:
    missed(1)
    for _ in range(2):
        resend_since(endpoint, timezone.now())
    take_turn()
    trim(timezone.now() + timedelta(days=settings.ENDPOINT_LOG_DAYS, hours=1))
    assert not Resend.objects.exists()
    resend_since(endpoint, timezone.now())
    services.remove(endpoint)
    assert not Resend.objects.exists()
