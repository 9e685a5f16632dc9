"""`python -m bench.paid`: the orders in our database that the benchmark's payments belong to, paid already.

So an event about one takes all the steps: the fetch from the vendor, the locks, and the look whether anything changes.
"""

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django
from django.utils import timezone


def main() -> None:
    django.setup()
    from bench.events import payments

    for number, payment in enumerate(payments(), 1001):
        _add(str(number), payment)


def _add(number: str, payment: dict[str, Any]) -> None:
    from accounts.models import User
    from payments.models import Order, PaymentAttempt

    price = {"currency": payment["currency"].upper()}
    buyer, _ = User.objects.get_or_create(email="buyer@example.com")
    order = Order.objects.create(number=number, user=buyer, status="paid", total_amount=payment["amount"], **price)
    PaymentAttempt.objects.create(
        id=payment["metadata"]["attempt"],
        order=order,
        provider="stripe",
        status=PaymentAttempt.Status.SUCCEEDED,
        amount=payment["amount"],
        provider_reference=payment["id"],
        settled_at=timezone.now(),
        **price,
    )


if __name__ == "__main__":
    main()
