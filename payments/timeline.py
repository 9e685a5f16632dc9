"""An order's own steps on the timeline: the attempts to be paid for it."""

from collections.abc import Iterator

from integrations import money
from payments.models import Order, PaymentAttempt
from webhooks.timeline import Step, tells


@tells("order")
def of_order(number: str) -> Iterator[Step]:
    order = Order.objects.filter(number=number).select_related("user").first()
    if order is None:
        return
    total = money.display(order.total_amount, order.currency)
    yield Step(order.created_at, "order", f"order {number} placed by {order.user.email}", total)
    for attempt in order.attempts.all():
        yield from _of_attempt(attempt)


def _of_attempt(attempt: PaymentAttempt) -> Iterator[Step]:
    yield Step(attempt.created_at, "attempt", f"payment by {attempt.provider} attempted", f"key {attempt.key}")
    if attempt.settled_at:
        paid = attempt.status == PaymentAttempt.Status.SUCCEEDED
        words = f"{attempt.transaction} {attempt.failure}".strip()
        yield Step(attempt.settled_at, "attempt", f"payment {attempt.status}", words, paid)
    else:
        words = attempt.failure or attempt.provider_reference
        yield Step(attempt.due_at, "attempt", f"payment {attempt.status}: will be looked up", words, None)
