"""Payments by Stripe Checkout. https://docs.stripe.com/api/checkout/sessions"""

from collections.abc import Iterator
from typing import Any

from stripe import StripeClient
from stripe.checkout import Session

from integrations.contract import Provider
from integrations.errors import NotFound
from integrations.money import display
from integrations.ports import PaymentRequest, PaymentSnapshot, PaymentStarted, PaymentState
from integrations.providers.stripe.client import ask, client

# https://docs.stripe.com/payments/paymentintents/lifecycle
INTENT_STATES = {
    "requires_payment_method": PaymentState.OPEN,
    "requires_confirmation": PaymentState.OPEN,
    "requires_action": PaymentState.OPEN,
    "requires_capture": PaymentState.PROCESSING,
    "processing": PaymentState.PROCESSING,
    "succeeded": PaymentState.SUCCEEDED,
    "canceled": PaymentState.CANCELLED,
}


class StripeGateway:
    """Stripe's way of being a `PaymentGateway`."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    @property
    def _stripe(self) -> StripeClient:
        return client(self._provider.secret("SECRET_KEY"), self._provider.base_url)

    def probe(self) -> None:
        """https://docs.stripe.com/api/balance/balance_retrieve reads nothing and needs a good key."""
        ask(self._stripe.v1.balance.retrieve)

    def account(self) -> Iterator[tuple[str, str]]:
        """Our balance in each currency: what can be paid out, and what is on its way."""
        balance = ask(self._stripe.v1.balance.retrieve)
        for label, funds in (("Available", balance.available), ("Pending", balance.pending)):
            for fund in funds:
                yield f"{label} in {fund.currency.upper()}", display(fund.amount, fund.currency.upper())

    def start(self, request: PaymentRequest) -> PaymentStarted:
        ours = {"attempt": request.attempt, "order": request.order_number}
        session = ask(
            lambda: self._stripe.v1.checkout.sessions.create(
                {
                    "mode": "payment",
                    "client_reference_id": request.attempt,
                    "customer_email": request.email,
                    "line_items": [
                        {
                            "quantity": line.quantity,
                            "price_data": {
                                "currency": request.currency.lower(),
                                "unit_amount": line.unit_amount,
                                "product_data": {"name": line.name},
                            },
                        }
                        for line in request.lines
                    ],
                    "metadata": ours,
                    "payment_intent_data": {"metadata": ours},
                    "success_url": request.return_url,
                    "cancel_url": request.cancel_url,
                },
                {"idempotency_key": request.key},
            )
        )
        return PaymentStarted(reference=session.id, redirect_url=session.url or "")

    def fetch(self, reference: str) -> PaymentSnapshot:
        if reference.startswith("cs_"):
            return self._session(reference)
        if reference.startswith("pi_"):
            return _from_intent(reference, ask(lambda: self._stripe.v1.payment_intents.retrieve(reference)))
        raise NotFound(f"stripe has no payment called {reference!r}")

    def _session(self, reference: str) -> PaymentSnapshot:
        session = ask(lambda: self._stripe.v1.checkout.sessions.retrieve(reference, {"expand": ["payment_intent"]}))
        if session.payment_intent and not isinstance(session.payment_intent, str):
            return _from_intent(reference, session.payment_intent, expired=session.status == "expired")
        return _without_intent(session)


def _without_intent(session: Session) -> PaymentSnapshot:
    # The PaymentIntent appears when the person first submits the page.
    return PaymentSnapshot(
        reference=session.id,
        attempt=_ours(session, "attempt"),
        state=PaymentState.CANCELLED if session.status == "expired" else PaymentState.OPEN,
        amount=session.amount_total or 0,
        currency=(session.currency or "").upper(),
    )


def _from_intent(reference: str, intent: Any, *, expired: bool = False) -> PaymentSnapshot:
    state = INTENT_STATES.get(intent.status, PaymentState.PROCESSING)
    failure = intent.last_payment_error
    if state is PaymentState.OPEN and failure:
        state = PaymentState.DECLINED
    if expired and state in (PaymentState.OPEN, PaymentState.DECLINED):
        state = PaymentState.CANCELLED
    return PaymentSnapshot(
        reference=reference,
        attempt=_ours(intent, "attempt"),
        state=state,
        amount=intent.amount,
        currency=intent.currency.upper(),
        captured=intent.amount_received or 0,
        transaction=intent.id,
        failure=(getattr(failure, "message", "") or "") if failure else "",
    )


def _ours(thing: Any, name: str) -> str:
    metadata = thing.metadata
    return metadata[name] if metadata and name in metadata else ""
