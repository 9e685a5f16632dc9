"""What the gauges say of messages that wait: whether nobody sends them, or their endpoint wants them to."""

from datetime import timedelta

import pytest
from django.utils import timezone

from webhooks import metrics
from webhooks.models import Endpoint, Message

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def waiting(endpoint: Endpoint) -> Endpoint:
    """An endpoint with a rate and three messages that have been due for an hour."""
    Endpoint.objects.update(rate=5, next_at=timezone.now())
    due = timezone.now() - HOUR
    Message.objects.bulk_create(Message(endpoint=endpoint, name="order.paid", sample={}, due_at=due) for _ in range(3))
    return endpoint


def overdue() -> tuple[float, bool]:
    ((_, number),) = metrics.overdue()
    return number, any(lag >= HOUR.total_seconds() for _, lag in metrics.endpoint_lag())


def test_what_a_rate_keeps_back_is_told_and_not_overdue(waiting: Endpoint) -> None:
    assert overdue() == (0, False)
    assert dict(metrics.held()) == {("order",): 0, ("rate",): 3}


@pytest.mark.parametrize("ago", [None, timedelta(seconds=30), -HOUR])
def test_what_nobody_takes_although_its_endpoint_is_ready_is_overdue(waiting: Endpoint, ago: timedelta | None) -> None:
    Endpoint.objects.update(next_at=ago and timezone.now() - ago)
    assert overdue() == (3, True)


def test_what_an_order_keeps_back_is_told_and_not_overdue(waiting: Endpoint) -> None:
    Endpoint.objects.update(rate=None, ordered=True, next_at=None)
    assert overdue() == (0, False)
    assert dict(metrics.held()) == {("order",): 3, ("rate",): 0}


def test_what_a_paused_endpoint_keeps_back_is_neither(waiting: Endpoint) -> None:
    Endpoint.objects.update(state="paused", next_at=None)
    assert overdue() == (0, False)
    assert set(dict(metrics.held()).values()) == {0}
