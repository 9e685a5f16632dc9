"""Five events of one payment, in all 120 orders, each of them twice: one end state, told once."""

import itertools
import json
from dataclasses import dataclass
from typing import Any

import pytest

from integrations.ports import PaymentSnapshot, PaymentState
from payments.models import Order, PaymentAttempt
from tests.payments.browsing import Gateway
from tests.webhooks.arrivals import arrive
from webhooks.models import Delivery, OutboxEvent
from webhooks.processing.drain import drain

pytestmark = pytest.mark.django_db(transaction=True)

EVENTS = {
    "payment_intent.processing": "pi_1",
    "payment_intent.payment_failed": "pi_1",
    "payment_intent.succeeded": "pi_1",
    "checkout.session.async_payment_failed": "cs_1",
    "checkout.session.completed": "cs_1",
}
ORDERS = list(itertools.permutations(EVENTS))
# What the vendor would answer while the payment goes its way; the last is so for good.
WAY = (PaymentState.OPEN, PaymentState.PROCESSING, PaymentState.DECLINED, PaymentState.SUCCEEDED)


@dataclass
class Unfolding(Gateway):
    """A payment that goes its way while it is being asked about."""

    asked: int = 0
    pace: int = 1

    def fetch(self, reference: str) -> PaymentSnapshot:
        self.state = WAY[min(self.asked // self.pace, len(WAY) - 1)]
        self.asked += 1
        return super().fetch("cs_1")


def deliver(kind: str, number: int, attempt: PaymentAttempt) -> None:
    about = {"id": EVENTS[kind], "metadata": {"attempt": str(attempt.pk)}}
    body = json.dumps({"id": f"evt_{number}", "type": kind, "data": {"object": about}}).encode()
    arrive(kind, body, source="stripe", external_id=f"evt_{number}", object_key=EVENTS[kind])


def pay(order: Order, kinds: tuple[str, ...], number: int) -> PaymentAttempt:
    """A payment of the order whose events arrive as `kinds` says, each as two deliveries."""
    attempt = PaymentAttempt.objects.create(
        order=order, provider="stripe", amount=3800, currency="EUR", status="pending", provider_reference="cs_1"
    )
    for step, kind in enumerate((*kinds, *reversed(kinds))):
        deliver(kind, number * 100 + step, attempt)
    return attempt


@pytest.mark.parametrize("first", EVENTS)
@pytest.mark.parametrize("pace", [1, 3])
def test_every_order_of_five_events_ends_in_one_state(
    order: Order, monkeypatch: pytest.MonkeyPatch, first: str, pace: int
) -> None:
    """Twenty-four orders begin with each event: all 120, while the payment itself goes on faster or slower."""
    ends: set[tuple[Any, ...]] = set()
    for number, kinds in enumerate(kinds for kinds in ORDERS if kinds[0] == first):
        gateway = Unfolding(pace=pace)
        monkeypatch.setattr("integrations.registry.port", lambda _slug, _kind, gateway=gateway: gateway)
        attempt = pay(order, kinds, number)
        drain()
        ends.add(_end(order, attempt))
        _begin_anew(order)
    assert ends == {("paid", "succeeded", 1, 10)}


def _end(order: Order, attempt: PaymentAttempt) -> tuple[Any, ...]:
    order.refresh_from_db()
    attempt.refresh_from_db()
    told = OutboxEvent.objects.filter(name="order.paid").count()
    return order.status, attempt.status, told, Delivery.objects.filter(state="handled").count()


def _begin_anew(order: Order) -> None:
    PaymentAttempt.objects.all().delete()
    OutboxEvent.objects.all().delete()
    Delivery.objects.all().delete()
    Order.objects.filter(pk=order.pk).update(status="awaiting_payment", paid_at=None)
    order.refresh_from_db()


def test_all_of_the_orders_were_tried() -> None:
    assert len(set(ORDERS)) == 120
