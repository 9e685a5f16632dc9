"""The vendor's truth applied to our payment: one function, locked, idempotent and monotone, that every path calls.

The webhook, the return page, the poller and the admin's button all end in `settle`; whatever order they come in,
the same truth gives the same end.
"""

from datetime import timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from integrations import registry
from integrations.claims import backoff, claim, lease
from integrations.correlation import correlate
from integrations.errors import (
    CircuitOpen,
    DeadlineExceeded,
    Ignored,
    IntegrationError,
    Mismatch,
    Permanent,
    RateLimited,
)
from integrations.ports import PaymentGateway, PaymentSnapshot, PaymentState
from payments import events
from payments.models import Order, PaymentAttempt
from payments.services import checkout
from webhooks.problems import Problem

log = structlog.get_logger("payments")

BATCH = 20
Status = PaymentAttempt.Status
# Nothing was asked of the vendor, and that has a line of its own.
NO_NEWS = (CircuitOpen, RateLimited, DeadlineExceeded)
# Stripe forgets an idempotency key after a day: by then an attempt that never started is given up, not repeated.
START_WITHIN = timedelta(hours=23)


def find(provider: str, attempt: str, reference: str) -> PaymentAttempt | None:
    """Our attempt by its id as the vendor echoes it, else by the vendor's reference."""
    ours = PaymentAttempt.objects.filter(provider=provider)
    if attempt:
        return ours.filter(pk=attempt).first() if _is_uuid(attempt) else None
    return ours.filter(provider_reference=reference).first() or ours.filter(transaction=reference).first()


def settle(provider: str, snapshot: PaymentSnapshot) -> None:
    """Apply the vendor's truth inside the caller's transaction. `Mismatch` when it contradicts what we asked for."""
    found = find(provider, snapshot.attempt, snapshot.reference)
    if found is None:
        raise Ignored(f"no payment of ours is called {snapshot.reference}")
    order = Order.objects.select_for_update().get(pk=found.order_id)
    attempt = PaymentAttempt.objects.select_for_update().get(pk=found.pk)
    if attempt.status == Status.SUCCEEDED:
        return
    _APPLY[snapshot.state](order, attempt, snapshot)


def _succeed(order: Order, attempt: PaymentAttempt, snapshot: PaymentSnapshot) -> None:
    asked, got = (attempt.amount, attempt.currency), (snapshot.captured, snapshot.currency)
    if asked != got:
        raise Mismatch(f"attempt {attempt.pk} asked for {asked} and {attempt.provider} says {got}")
    _update(attempt, snapshot, status=Status.SUCCEEDED, settled_at=timezone.now(), failure="")
    if not order.payable and order.status != Order.Status.CANCELLED:
        log.error("payment.twice", order=order.number, attempt=str(attempt.pk))
        _update(attempt, snapshot, failure="The order was paid already: this payment is to be refunded.")
        return
    order.status, order.paid_at = Order.Status.PAID, timezone.now()
    order.save(update_fields=["status", "paid_at"])
    events.order_paid(order)


def _decline(order: Order, attempt: PaymentAttempt, snapshot: PaymentSnapshot) -> None:
    news = (attempt.status, attempt.failure) != (Status.DECLINED, snapshot.failure)
    _update(attempt, snapshot, status=Status.DECLINED, failure=snapshot.failure)
    if order.payable and news:
        order.status = Order.Status.PAYMENT_FAILED
        order.save(update_fields=["status"])
        events.order_payment_failed(order, snapshot.failure)


def _cancel(_order: Order, attempt: PaymentAttempt, snapshot: PaymentSnapshot) -> None:
    # The order stays payable: the next try makes a new attempt.
    _update(attempt, snapshot, status=Status.CANCELLED, settled_at=timezone.now(), failure=snapshot.failure)


def _wait(_order: Order, attempt: PaymentAttempt, snapshot: PaymentSnapshot) -> None:
    if attempt.status in (Status.CREATED, Status.UNKNOWN):
        _update(attempt, snapshot, status=Status.PENDING)


_APPLY = {
    PaymentState.SUCCEEDED: _succeed,
    PaymentState.DECLINED: _decline,
    PaymentState.CANCELLED: _cancel,
    PaymentState.OPEN: _wait,
    PaymentState.PROCESSING: _wait,
}


def _update(attempt: PaymentAttempt, snapshot: PaymentSnapshot, **changes: object) -> None:
    for name, value in changes.items():
        setattr(attempt, name, value)
    attempt.transaction = snapshot.transaction or attempt.transaction
    attempt.save()


def refresh(order: Order) -> Order:
    """`ask`, where what cannot be learnt now may stay as it is."""
    try:
        ask(order)
    except (IntegrationError, Problem) as error:
        log.warning("payment.refresh_failed", order=order.number, code=error.code, error=str(error))
    order.refresh_from_db()
    return order


def ask(order: Order) -> None:
    """Bring an order's open payment to what its vendor knows; raises what the gateway raises, or a `Problem`."""
    if attempt := order.attempts.filter(status__in=PaymentAttempt.OPEN).last():
        _learn(attempt)


def _learn(attempt: PaymentAttempt) -> None:
    if attempt.status in (Status.PENDING, Status.DECLINED):
        poll(attempt)
    elif attempt.created_at > timezone.now() - START_WITHIN:
        checkout.start(attempt)
    else:
        PaymentAttempt.objects.filter(pk=attempt.pk).update(
            status=Status.CANCELLED, failure="It never reached the payment service."
        )


def poll(attempt: PaymentAttempt) -> None:
    """Fetch one payment and apply it; raises what the gateway raises."""
    snapshot = registry.port(attempt.provider, PaymentGateway).fetch(attempt.provider_reference)
    with transaction.atomic():
        settle(attempt.provider, snapshot)


def reconcile() -> int:
    """Take up every attempt that is due: start those that never started, ask after those whose webhook is missing."""
    taken = 0
    while batch := claim(PaymentAttempt.objects.filter(status__in=PaymentAttempt.OPEN), BATCH):
        for attempt in batch:
            with correlate(attempt.order.request_id), lease(attempt):
                _take_up(attempt)
        taken += len(batch)
    return taken


def _take_up(attempt: PaymentAttempt) -> None:
    asked: float | None = None
    try:
        _learn(attempt)
    except Problem as problem:
        # What the vendor wants; what a person is told is in proportion to their patience.
        asked = getattr(problem.__cause__, "retry_after", None)
        write = log.info if isinstance(problem.__cause__, NO_NEWS) else log.warning
        write("payment.not_started", attempt=str(attempt.pk), code=problem.code)
    except Permanent as error:
        log.error("payment.needs_a_person", attempt=str(attempt.pk), error=str(error))
        PaymentAttempt.objects.filter(pk=attempt.pk).update(failure=str(error))
    except IntegrationError as error:
        asked = getattr(error, "retry_after", None)
        write = log.info if isinstance(error, NO_NEWS) else log.warning
        write("payment.not_settled", attempt=str(attempt.pk), error=str(error))
    wait = backoff(attempt.attempts, asked, base=settings.LEASE_SECONDS)
    PaymentAttempt.objects.filter(pk=attempt.pk, attempts=attempt.attempts).update(due_at=timezone.now() + wait)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
