"""What this app publishes: `order.created`, `order.paid`, `order.payment_failed`."""

from typing import Annotated, NotRequired, TypedDict

from django.conf import settings
from django.urls import reverse

from payments.models import Order
from webhooks.outbox.catalogue import declare
from webhooks.outbox.publishing import publish
from webhooks.outbox.shapes import Link


class Total(TypedDict):
    amount: Annotated[int, "In the currency's smallest unit."]
    currency: Annotated[str, "ISO 4217, in capitals."]


class Line(TypedDict):
    name: str
    quantity: int
    unit_amount: Annotated[int, "In the currency's smallest unit."]
    amount: Annotated[int, "In the currency's smallest unit, for the whole quantity."]


class Ordered(TypedDict):
    id: int
    number: Annotated[str, "What people call it."]
    status: Annotated[str, "As it was when this happened."]
    total: Total
    lines: list[Line]
    url: Annotated[Link, "The person's page about it."]


class OrderData(TypedDict):
    order: Ordered
    failure: NotRequired[Annotated[str, "Why the payment failed."]]


EXAMPLE: OrderData = {
    "order": {
        "id": 1,
        "number": "1001",
        "status": "paid",
        "total": {"amount": 4800, "currency": "EUR"},
        "lines": [{"name": "Patch cable, 2 m", "quantity": 2, "unit_amount": 2400, "amount": 4800}],
        "url": "https://patchbay.example/orders/1001",
    }
}


def _example(status: str) -> OrderData:
    return {"order": EXAMPLE["order"] | {"status": status}}


CREATED = declare(
    "order.created", "An order was placed; it awaits its payment.", OrderData, _example("awaiting_payment")
)
PAID = declare("order.paid", "The payment of an order has succeeded.", OrderData, EXAMPLE)
PAYMENT_FAILED = declare(
    "order.payment_failed",
    "The payment of an order has failed; the person may try again.",
    OrderData,
    {**_example("payment_failed"), "failure": "card_declined"},
)


def order_created(order: Order) -> None:
    publish(CREATED.name, _data(order), about=order.about, user=order.user_id)


def order_paid(order: Order) -> None:
    """Also the confirmation mail: the event has a mail template and a recipient."""
    publish(PAID.name, _data(order), about=order.about, user=order.user_id, recipient=order.user.email)


def order_payment_failed(order: Order, failure: str) -> None:
    publish(PAYMENT_FAILED.name, {**_data(order), "failure": failure}, about=order.about, user=order.user_id)


def _data(order: Order) -> OrderData:
    lines: list[Line] = [
        {"name": line.name, "quantity": line.quantity, "unit_amount": line.unit_amount, "amount": line.amount}
        for line in order.lines.all()
    ]
    return {
        "order": {
            "id": order.pk,
            "number": order.number,
            "status": order.status,
            "total": {"amount": order.total_amount, "currency": order.currency},
            "lines": lines,
            "url": settings.PATCHBAY_URL + reverse("payments:order", args=[order.number]),
        }
    }
