"""From cart to order, in one transaction: what may be sold, at prices the person has seen or agreed to."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from integrations import money
from integrations.correlation import request_id
from payments import events, problems
from payments.models import CartItem, Order, OrderLine, PaymentAttempt
from payments.services import carts
from webhooks.problems import Problem

FIRST_NUMBER = 1001


def place(user: Any, provider: str, key: str, total: int | None) -> PaymentAttempt:
    """The order and its first attempt; the cart is empty after."""
    with transaction.atomic():
        cart = carts.locked(carts.Owner(user=user))
        items = list(cart.items.select_related("product"))
        if not items:
            raise _nothing_to_buy(user)
        _require_sellable(items)
        _require_agreement(items, total)
        order = _order(user, items, key)
        attempt = attempt_for(order, provider)
        cart.items.all().delete()
        events.order_created(order)
        return attempt


def _nothing_to_buy(user: Any) -> Problem:
    """An empty cart, in the words that fit: it may have become an order a moment ago."""
    last = Order.objects.filter(user=user).order_by("-pk").first()
    return problems.already_checked_out(last.number) if last and last.payable else problems.cart_empty()


def _order(user: Any, items: list[CartItem], key: str) -> Order:
    order = Order.objects.create(
        number=uuid4().hex[:20],
        user=user,
        total_amount=sum(item.quantity * item.product.amount for item in items),
        currency=items[0].product.currency,
        request_id=request_id(),
        checkout_key=key,
    )
    # Numbered after its row: two orders of one moment never want the same number.
    order.number = str(FIRST_NUMBER - 1 + order.pk)
    order.save(update_fields=["number"])
    OrderLine.objects.bulk_create(
        OrderLine(
            order=order,
            slug=item.product.slug,
            name=item.product.name,
            quantity=item.quantity,
            unit_amount=item.product.amount,
        )
        for item in items
    )
    return order


def attempt_for(order: Order, provider: str) -> PaymentAttempt:
    """A new attempt, with a key of its own, in the caller's transaction."""
    # Due in half a minute: by then whoever made it has asked the vendor, or is dead.
    return PaymentAttempt.objects.create(
        order=order,
        provider=provider,
        amount=order.total_amount,
        currency=order.currency,
        due_at=timezone.now() + timedelta(seconds=settings.LEASE_SECONDS),
    )


def _require_sellable(items: list[CartItem]) -> None:
    for item in items:
        if not item.product.active:
            raise problems.unknown_product(item.product.slug)
        if item.product.recurring:
            raise problems.not_sold_alone(item.product.name)
    if len({item.product.currency for item in items}) > 1:
        raise problems.mixed_currencies()


def _require_agreement(items: list[CartItem], agreed: int | None) -> None:
    total = sum(item.quantity * item.product.amount for item in items)
    changes = [_change(item) for item in items if item.unit_amount != item.product.amount]
    today = money.as_json(total, items[0].product.currency)
    if agreed is None and changes:
        raise problems.prices_changed(changes, today)
    if agreed is not None and agreed != total:
        raise problems.total_changed(changes, today)


def _change(item: CartItem) -> dict[str, Any]:
    product = item.product
    return {
        "product": product.slug,
        "name": product.name,
        "old": item.unit_amount,
        "new": product.amount,
        "currency": product.currency,
    }
