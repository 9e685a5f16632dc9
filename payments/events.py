"""What this app publishes: `order.created`, `order.paid`, `order.payment_failed`."""

from typing import Any

from django.conf import settings
from django.urls import reverse

from integrations import money
from payments.models import Order
from webhooks.outbox import publish


def order_created(order: Order) -> None:
    publish("order.created", _data(order), about=order.about, user=order.user_id)


def order_paid(order: Order) -> None:
    """Also the confirmation mail: the event has a mail template and a recipient."""
    publish("order.paid", _data(order), about=order.about, user=order.user_id, recipient=order.user.email)


def order_payment_failed(order: Order, failure: str) -> None:
    publish("order.payment_failed", _data(order) | {"failure": failure}, about=order.about, user=order.user_id)


def _data(order: Order) -> dict[str, Any]:
    lines = [
        {"name": line.name, "quantity": line.quantity, "unit_amount": line.unit_amount, "amount": line.amount}
        for line in order.lines.all()
    ]
    return {
        "order": {
            "id": order.pk,
            "number": order.number,
            "status": order.status,
            "total": money.as_json(order.total_amount, order.currency),
            "lines": lines,
            "url": settings.PATCHBAY_URL + reverse("payments:order", args=[order.number]),
        }
    }
