"""From cart to a payment under way: the order and the attempt are committed first, the vendor is asked after."""

from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from integrations import registry
from integrations.claims import backoff
from integrations.errors import NotConfigured, OutcomeUnknown, Permanent, Retryable, Spent
from integrations.ports import PaymentGateway, PaymentLine, PaymentRequest, PaymentStarted
from payments import events, problems
from payments.models import Order, PaymentAttempt
from payments.services.placing import attempt_for, place

log = structlog.get_logger("payments")


def begin(user: Any, provider: str, key: str = "", total: int | None = None) -> PaymentAttempt:
    """Turn the person's cart into an order and start its payment.

    The same non-empty `key` of the same person is the same checkout: after a crash or a refusal it goes on where it
    was. While nothing is asked of the vendor no order is made: the cart stays, to be paid another way or later.
    `total` (minor units) is what the person agrees to pay; without it no price may differ from the one they saw.
    """
    _require_gateway(provider)
    if begun := _begun(user, key):
        return resume(begun.order, provider) if begun.order.payable else begun
    _require_awake(provider)
    return start(place(user, provider, key, total))


def resume(order: Order, provider: str = "", *, anew: bool = True) -> PaymentAttempt:
    """The payment that is under way for an unpaid order, or a new one when the last has ended; `anew` as in `start`."""
    with transaction.atomic():
        order = Order.objects.select_for_update().get(pk=order.pk)
        if not order.payable:
            raise problems.not_payable(order.number)
        attempt = order.attempts.filter(status__in=PaymentAttempt.OPEN).last()
        if attempt is None:
            last = order.attempts.last()
            attempt = attempt_for(order, provider or (last.provider if last else "stripe"))
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
        raise problems.payment_failed(error, order.number, registry.resting(attempt.provider)) from error
    except (Permanent, NotConfigured) as error:
        if anew and isinstance(error, Spent):
            log.info("payment.key_spent", attempt=str(attempt.pk), error=str(error))
            _note(attempt, status=PaymentAttempt.Status.FAILED, failure=str(error))
            return resume(order, attempt.provider, anew=False)
        log.error("payment.refused", attempt=str(attempt.pk), error=str(error))
        _refused(attempt, str(error))
        raise problems.payment_failed(error, order.number) from error
    _started(attempt, started)
    return attempt


def _started(attempt: PaymentAttempt, started: PaymentStarted) -> None:
    with transaction.atomic():
        attempt.order = order = Order.objects.select_for_update().get(pk=attempt.order_id)
        _note(
            attempt,
            status=PaymentAttempt.Status.PENDING,
            provider_reference=started.reference,
            redirect_url=started.redirect_url,
            due_at=timezone.now() + backoff(1, base=settings.LEASE_SECONDS),
        )
        if attempt.status == PaymentAttempt.Status.PENDING and order.status == Order.Status.PAYMENT_FAILED:
            # The failure was an earlier try's: nobody is told of it while this one is under way.
            order.status = Order.Status.AWAITING_PAYMENT
            order.save(update_fields=["status"])


def _refused(attempt: PaymentAttempt, failure: str) -> None:
    with transaction.atomic():
        order = Order.objects.select_for_update().get(pk=attempt.order_id)
        _note(attempt, status=PaymentAttempt.Status.FAILED, failure=failure)
        if attempt.status == PaymentAttempt.Status.FAILED and order.status == Order.Status.AWAITING_PAYMENT:
            order.status = Order.Status.PAYMENT_FAILED
            order.save(update_fields=["status"])
            # What broke between the machines is in the log, and no news for people.
            events.order_payment_failed(order, "The payment could not be started.")


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


def _require_gateway(provider: str) -> None:
    if provider not in registry.offering(PaymentGateway):
        raise problems.unknown_vendor(provider)


def _require_awake(provider: str) -> None:
    if wait := registry.resting(provider):
        others = (slug for slug in registry.offering(PaymentGateway) if slug != provider)
        raise problems.vendor_resting(wait, another=any(not registry.resting(slug) for slug in others))


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
