"""From cart to a payment under way: the order and the attempt are committed first, the vendor is asked after."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import structlog
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from integrations import registry
from integrations.claims import backoff
from integrations.correlation import request_id
from integrations.errors import NotConfigured, OutcomeUnknown, Permanent, Retryable, Spent
from integrations.ports import PaymentGateway, PaymentLine, PaymentRequest
from payments import events, problems
from payments.models import CartItem, Order, OrderLine, PaymentAttempt
from payments.services import carts
from webhooks.problems import Problem

log = structlog.get_logger("payments")

FIRST_NUMBER = 1001


def begin(user: Any, provider: str, key: str = "") -> PaymentAttempt:
    """Turn the person's cart into an order and start its payment.

    The same non-empty `key` of the same person is the same checkout: after a crash it goes on where it was. While
    nothing is asked of the vendor no order is made: the cart stays, to be paid another way or later.
    """
    _require_gateway(provider)
    if begun := _begun(user, key):
        settled = begun.redirect_url or not begun.order.payable
        return begun if settled else resume(begun.order, provider)
    _require_awake(provider)
    return start(_place(user, provider, key))


def resume(order: Order, provider: str = "", *, anew: bool = True) -> PaymentAttempt:
    """The payment that is under way for an unpaid order, or a new one when the last has ended; `anew` as in `start`."""
    with transaction.atomic():
        order = Order.objects.select_for_update().get(pk=order.pk)
        if not order.payable:
            raise problems.not_payable(order.number)
        attempt = order.attempts.filter(status__in=PaymentAttempt.OPEN).last()
        if attempt is None:
            last = order.attempts.last()
            attempt = _attempt(order, provider or (last.provider if last else "stripe"))
    return attempt if attempt.redirect_url else start(attempt, anew=anew)


def start(attempt: PaymentAttempt, *, anew: bool = True) -> PaymentAttempt:
    """Ask the vendor for the payment. Safe to repeat: the attempt's key makes it one payment at the vendor.

    `anew`: a key that the vendor has spent on a failure of its own makes place for one new attempt, under a new key.
    """
    order = attempt.order
    try:
        started = registry.port(attempt.provider, PaymentGateway).start(_request(attempt))
    except Retryable as error:
        unknown = {"status": PaymentAttempt.Status.UNKNOWN} if isinstance(error, OutcomeUnknown) else {}
        _note(attempt, due_at=timezone.now() + backoff(attempt.attempts + 1, error.retry_after), **unknown)
        raise problems.payment_failed(error, order.number) from error
    except (Permanent, NotConfigured) as error:
        log.error("payment.refused", attempt=str(attempt.pk), error=str(error))
        _note(attempt, status=PaymentAttempt.Status.FAILED, failure=str(error))
        if anew and isinstance(error, Spent):
            return resume(order, attempt.provider, anew=False)
        raise problems.payment_failed(error, order.number) from error
    _note(
        attempt,
        status=PaymentAttempt.Status.PENDING,
        provider_reference=started.reference,
        redirect_url=started.redirect_url,
        due_at=timezone.now() + backoff(1, base=settings.LEASE_SECONDS),
    )
    return attempt


def _note(attempt: PaymentAttempt, **changes: Any) -> None:
    # Only from a state before PENDING: a webhook may have settled the attempt while we waited for the answer.
    early = (PaymentAttempt.Status.CREATED, PaymentAttempt.Status.UNKNOWN)
    if PaymentAttempt.objects.filter(pk=attempt.pk, status__in=early).update(**changes):
        for name, value in changes.items():
            setattr(attempt, name, value)
    else:
        attempt.refresh_from_db()


def _begun(user: Any, key: str) -> PaymentAttempt | None:
    return PaymentAttempt.objects.filter(order__user=user, order__checkout_key=key).last() if key else None


def _place(user: Any, provider: str, key: str) -> PaymentAttempt:
    with transaction.atomic():
        cart = carts.locked(carts.Owner(user=user))
        items = list(cart.items.select_related("product"))
        if not items:
            raise _nothing_to_buy(user)
        _require_sellable(items)
        order = _order(user, items, key)
        attempt = _attempt(order, provider)
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
        total_amount=sum(item.amount for item in items),
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
            unit_amount=item.unit_amount,
        )
        for item in items
    )
    return order


def _attempt(order: Order, provider: str) -> PaymentAttempt:
    # Due in half a minute: by then whoever made it has asked the vendor, or is dead.
    return PaymentAttempt.objects.create(
        order=order,
        provider=provider,
        amount=order.total_amount,
        currency=order.currency,
        due_at=timezone.now() + timedelta(seconds=settings.LEASE_SECONDS),
    )


def _require_gateway(provider: str) -> None:
    if provider not in registry.offering(PaymentGateway):
        raise problems.unknown_vendor(provider)


def _require_awake(provider: str) -> None:
    if wait := registry.resting(provider):
        raise problems.vendor_resting(wait)


def _require_sellable(items: list[CartItem]) -> None:
    for item in items:
        if not item.product.active:
            raise problems.unknown_product(item.product.slug)
        if item.product.recurring:
            raise problems.not_sold_alone(item.product.name)
    if len({item.product.currency for item in items}) > 1:
        raise problems.mixed_currencies()
    if changes := [_change(item) for item in items if item.unit_amount != item.product.amount]:
        raise problems.prices_changed(changes)


def _change(item: CartItem) -> dict[str, Any]:
    product = item.product
    return {
        "product": product.slug,
        "name": product.name,
        "old": item.unit_amount,
        "new": product.amount,
        "currency": product.currency,
    }


def _request(attempt: PaymentAttempt) -> PaymentRequest:
    order = attempt.order
    page = settings.PATCHBAY_URL + reverse("payments:order", args=[order.number])
    lines = [
        PaymentLine(name=line.name, quantity=line.quantity, unit_amount=line.unit_amount) for line in order.lines.all()
    ]
    return PaymentRequest(
        attempt=str(attempt.pk),
        key=attempt.key,
        order_number=order.number,
        amount=attempt.amount,
        currency=attempt.currency,
        lines=tuple(lines),
        email=order.user.email,
        return_url=f"{page}?return=1",
        cancel_url=page,
    )
