"""An order's own steps on the timeline, and the names vendors have for it."""

from collections.abc import Iterator

from django.db.models import Q

from integrations import money
from payments.models import Order, PaymentAttempt
from webhooks.path.steps import Step
from webhooks.path.timeline import tells, uuids


class Orders:
    """Orders by their number; vendors speak of the attempts to pay for them."""

    def steps(self, number: str) -> Iterator[Step]:
        """Placed, and every attempt to pay."""
        order = Order.objects.filter(number=number).select_related("user").first()
        if order is None:
            return
        total = money.display(order.total_amount, order.currency)
        yield Step(order.created_at, "order", f"order {number} placed by {order.user.email}", total)
        for attempt in order.attempts.all():
            yield from _of_attempt(attempt)

    def references(self, number: str) -> Iterator[str]:
        """What the vendors call its attempts."""
        for attempt in PaymentAttempt.objects.filter(order__number=number):
            yield attempt.provider_reference
            yield attempt.transaction

    def names(self, references: set[str]) -> set[str]:
        """The numbers of the orders whose attempts have one of these ids, ours or a vendor's."""
        ours = Q(pk__in=uuids(references))
        vendors = Q(provider_reference__in=references) | Q(transaction__in=references)
        return set(PaymentAttempt.objects.filter(ours | vendors).values_list("order__number", flat=True))


tells("order", Orders())


def _of_attempt(attempt: PaymentAttempt) -> Iterator[Step]:
    yield Step(attempt.created_at, "attempt", f"payment by {attempt.provider} attempted", f"key {attempt.key}")
    if attempt.settled_at:
        paid = attempt.status == PaymentAttempt.Status.SUCCEEDED
        words = f"{attempt.transaction} {attempt.failure}".strip()
        yield Step(attempt.settled_at, "attempt", f"payment {attempt.status}", words, paid)
    else:
        words = attempt.failure or attempt.provider_reference
        yield Step(attempt.due_at, "attempt", f"payment {attempt.status}: will be looked up", words, None)
