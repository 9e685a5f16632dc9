"""An order's way from placed over paid to mailed, in the words of its page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Self

from integrations.email.models import Mail
from payments.models import Order, PaymentAttempt

Status = Order.Status

HEADLINES = {
    Status.AWAITING_PAYMENT: ("Waiting for your payment", "Your order is kept for you. Pay whenever you are ready."),
    Status.PAYMENT_FAILED: ("The payment did not go through", "Nothing was charged, and your order is kept."),
    Status.PAID: ("Paid. Thank you!", "We have everything we need, and get your order ready."),
    Status.CANCELLED: ("This order was cancelled", "Nothing was charged."),
    Status.PARTIALLY_REFUNDED: ("Partly refunded", "A part of your payment is on its way back to you."),
    Status.REFUNDED: ("Refunded", "Your payment is on its way back to you."),
    Status.DISPUTED: ("The payment is disputed", "Your bank is looking into it, and so are we."),
}
WAITING = (
    "Waiting for your bank",
    "We are waiting for the bank's confirmation; this page changes by itself.",
)
UNPAID = (Status.AWAITING_PAYMENT, Status.PAYMENT_FAILED, Status.CANCELLED)


@dataclass(frozen=True)
class Step:
    """One step of the way. `state` is also its class in the style sheet."""

    name: str
    state: Literal["done", "now", "todo", "failed"]
    detail: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Progress:
    """Where an order is. `waiting`: its person has paid, as far as they know, and the vendor has not said so yet."""

    order: Order
    title: str
    detail: str
    waiting: bool
    steps: list[Step]

    @property
    def tone(self) -> str:
        """Its class in the style sheet."""
        if self.order.status == Status.PAID:
            return "good"
        return "bad" if self.order.status in (Status.PAYMENT_FAILED, Status.DISPUTED) else "warn"

    @classmethod
    def of(cls, order: Order, *, returned: bool) -> Self:
        """`returned`: the person comes back from the hosted page."""
        waiting = returned and order.status == Status.AWAITING_PAYMENT
        title, detail = WAITING if waiting else HEADLINES[Status(order.status)]
        reason = _reason(order)
        return cls(order, title, f"{reason} {detail}".strip(), waiting, [_placed(order), _payment(order), _mail(order)])


def _reason(order: Order) -> str:
    if order.status != Status.PAYMENT_FAILED:
        return ""
    # Only a decline is told in words for people; what broke between the machines is in the log.
    declined = order.attempts.filter(status=PaymentAttempt.Status.DECLINED).last()
    return declined.failure if declined else ""


def _placed(order: Order) -> Step:
    return Step("Placed", "done", at=order.created_at)


def _payment(order: Order) -> Step:
    if order.status == Status.AWAITING_PAYMENT:
        return Step("Payment", "now", "Not confirmed yet")
    if order.status in UNPAID:
        return Step("Payment", "failed", "Not paid")
    return Step("Paid", "done", at=order.paid_at)


def _mail(order: Order) -> Step:
    if order.status in UNPAID:
        return Step("Confirmation by mail", "todo", "As soon as it is paid")
    sent = Mail.objects.filter(about=order.about, state=Mail.State.SENT).order_by("sent_at").first()
    if sent:
        return Step("Confirmation mailed", "done", f"To {', '.join(sent.to)}", sent.sent_at)
    return Step("Confirmation by mail", "now", "On its way to you")
