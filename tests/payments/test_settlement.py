"""The vendor's truth applied to our payment: idempotent, monotone, and the same end in every order."""

import itertools
from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction

from integrations.errors import Ignored, Mismatch
from integrations.ports import PaymentSnapshot, PaymentState
from payments.models import Order, PaymentAttempt
from payments.services.settlement import settle
from webhooks.models import OutboxEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def attempt(django_user_model: Any) -> PaymentAttempt:
    user = django_user_model.objects.create_user(email="ada@example.com", password="x")
    order = Order.objects.create(number="1001", user=user, total_amount=1900, currency="EUR")
    return PaymentAttempt.objects.create(
        order=order, provider="stripe", amount=1900, currency="EUR", provider_reference="cs_1", status="pending"
    )


def snapshot(attempt: PaymentAttempt, state: PaymentState, **changes: Any) -> PaymentSnapshot:
    captured = attempt.amount if state is PaymentState.SUCCEEDED else 0
    plain = PaymentSnapshot(
        reference="cs_1", attempt=str(attempt.pk), state=state, amount=1900, currency="EUR", captured=captured,
        transaction="pi_1", failure="Your card was declined." if state is PaymentState.DECLINED else "",
    )  # fmt: skip
    return replace(plain, **changes)


def apply(attempt: PaymentAttempt, *states: PaymentState) -> tuple[str, str, list[str]]:
    for state in states:
        with transaction.atomic():
            settle("stripe", snapshot(attempt, state))
    attempt.refresh_from_db()
    names = list(OutboxEvent.objects.order_by("pk").values_list("name", flat=True))
    return attempt.order.status, attempt.status, names


def test_a_success_pays_the_order_and_tells_it_once(attempt: PaymentAttempt) -> None:
    told = apply(attempt, PaymentState.SUCCEEDED, PaymentState.SUCCEEDED, PaymentState.SUCCEEDED)
    assert told == ("paid", "succeeded", ["order.paid"])
    assert attempt.transaction == "pi_1"
    assert OutboxEvent.objects.get().recipient == "ada@example.com"


def test_a_decline_is_told_and_a_later_success_still_pays(attempt: PaymentAttempt) -> None:
    told = apply(attempt, PaymentState.DECLINED, PaymentState.DECLINED, PaymentState.SUCCEEDED)
    assert told == ("paid", "succeeded", ["order.payment_failed", "order.paid"])


@pytest.mark.parametrize("order", list(itertools.permutations([s for s in PaymentState if s != "succeeded"])))
def test_nothing_that_comes_after_a_success_takes_it_back(attempt: PaymentAttempt, order: Any) -> None:
    assert apply(attempt, PaymentState.SUCCEEDED, *order)[:2] == ("paid", "succeeded")


@pytest.mark.parametrize("changes", [{"captured": 1899}, {"currency": "USD"}, {"captured": 190_000}])
def test_another_amount_or_currency_never_pays(attempt: PaymentAttempt, changes: Any) -> None:
    with pytest.raises(Mismatch), transaction.atomic():
        settle("stripe", snapshot(attempt, PaymentState.SUCCEEDED, **changes))
    attempt.order.refresh_from_db()
    assert attempt.order.status == "awaiting_payment"


@pytest.mark.parametrize("stranger", ["", "no-uuid", "7b0a1c9e-0000-4000-8000-000000000000"])
def test_a_payment_of_somebody_else_is_ignored(attempt: PaymentAttempt, stranger: str) -> None:
    with pytest.raises(Ignored):
        settle("stripe", replace(snapshot(attempt, PaymentState.SUCCEEDED), attempt=stranger, reference="cs_x"))


def test_the_payment_of_another_vendor_is_not_ours(attempt: PaymentAttempt) -> None:
    with pytest.raises(Ignored):
        settle("paypal", snapshot(attempt, PaymentState.SUCCEEDED))


def test_an_expired_payment_leaves_the_order_payable(attempt: PaymentAttempt) -> None:
    assert apply(attempt, PaymentState.CANCELLED) == ("awaiting_payment", "cancelled", [])
    assert attempt.order.payable


def test_a_second_payment_of_a_paid_order_is_kept_for_a_refund_and_not_told_again(attempt: PaymentAttempt) -> None:
    second = PaymentAttempt.objects.create(order=attempt.order, provider="stripe", amount=1900, currency="EUR")
    apply(attempt, PaymentState.SUCCEEDED)
    assert apply(second, PaymentState.SUCCEEDED)[2] == ["order.paid"]
    assert "refunded" in second.failure
