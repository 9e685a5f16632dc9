"""A Checkout Session's life: opened by the API, paid or declined on the hosted page, expired by time."""

from datetime import UTC, datetime
from typing import Any

from integrations.sandbox.stripe import charges, objects, parts
from integrations.sandbox.stripe.cards import Card
from integrations.sandbox.stripe.ledger import NOBODY, Cause, Ledger

Json = dict[str, Any]

UNAUTHENTICATED = Card(
    number="",
    brand="visa",
    title="",
    code="payment_intent_authentication_failure",
    message="We are unable to authenticate your payment method. "
    "Please choose a different payment method and try again.",
)


class Closed(Exception):
    """The session is paid or expired already; the message says which."""


class Checkout:
    """What can happen to the sessions of one account."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def open(self, lines: list[Json], given: Json, intent_data: Json) -> Json:
        """A session that sells `lines` (quantity, name, unit_amount, currency). Its PaymentIntent comes with a card."""
        ledger = self._ledger
        items = [objects.line_item(**line, now=ledger.now) for line in lines]
        amount, currency = sum(item["amount_total"] for item in items), items[0]["currency"]
        session = objects.session(amount=amount, currency=currency, now=ledger.now, given=given)
        session["url"] = f"{ledger.world.public_url}/stripe/pay/{session['id']}"
        ledger.sessions[session["id"]] = session
        ledger.line_items[session["id"]] = {"items": items, "intent_data": intent_data}
        ledger.world.store.changed()
        self._expire_in_time(session)
        return session

    def pay(self, session: Json, card: Card) -> Json:
        """Submit a card. The PaymentIntent's status tells what came of it; `Closed` when there is nothing to pay."""
        self._require_open(session)
        news = [] if session["payment_intent"] else [("payment_intent.created", self._begin(session))]
        intent = self._ledger.intents[session["payment_intent"]]
        method = charges.payment_method(card, email=session["customer_email"], now=self._ledger.now)
        self._ledger.methods[method["id"]] = method
        if card.challenge:
            news += self._challenge(intent, method, session)
        else:
            news += self._settle(session, intent, method, card)
        self._ledger.tell(*news)
        return intent

    def answer(self, session: Json, *, agreed: bool) -> Json:
        """What the person told their bank about the card that waits for 3-D Secure; returns the PaymentIntent."""
        self._require_open(session)
        intent = self._ledger.intents.get(session["payment_intent"] or "")
        if intent is None or intent["status"] != "requires_action":
            raise Closed("No bank is waiting for an answer about this payment.")
        method = self._ledger.methods[intent["payment_method"]]
        if agreed:
            self._ledger.tell(*self._succeed(session, intent, method))
        else:
            self._ledger.tell(self._refuse(intent, method, UNAUTHENTICATED))
        return intent

    def expire(self, session: Json, cause: Cause = NOBODY) -> None:
        """Close an open session for good; its PaymentIntent, if it has one, is cancelled with it."""
        self._require_open(session)
        session.update(status="expired", url=None)
        news = [("checkout.session.expired", session)]
        if intent := self._ledger.intents.get(session["payment_intent"] or ""):
            intent.update(
                status="canceled", canceled_at=self._ledger.now, cancellation_reason="expired", next_action=None
            )
            news.insert(0, ("payment_intent.canceled", intent))
        self._ledger.tell(*news, cause=cause)

    def wake(self) -> None:
        """Have every open session expire in its time."""
        for session in list(self._ledger.sessions.values()):
            self._expire_in_time(session)

    def _expire_in_time(self, session: Json) -> None:
        due = datetime.fromtimestamp(session["expires_at"], UTC)
        self._ledger.world.clock.at(due, lambda: self._expire_if_open(session))

    def _expire_if_open(self, session: Json) -> None:
        if session["status"] == "open":
            self.expire(session)

    def _require_open(self, session: Json) -> None:
        if session["status"] == "complete":
            raise Closed("This payment is already made.")
        if session["status"] == "expired":
            raise Closed("This checkout session has expired.")

    def _begin(self, session: Json) -> Json:
        """The session's PaymentIntent, as it is before its first card."""
        given = self._ledger.line_items[session["id"]]["intent_data"]
        intent = objects.intent(
            amount=session["amount_total"], currency=session["currency"], now=self._ledger.now, given=given
        )
        self._ledger.intents[intent["id"]] = intent
        session["payment_intent"] = intent["id"]
        return dict(intent)

    def _challenge(self, intent: Json, method: Json, session: Json) -> list[tuple[str, Json]]:
        url = f"{self._ledger.world.public_url}/stripe/pay/{session['id']}/authenticate"
        intent.update(
            status="requires_action",
            payment_method=method["id"],
            last_payment_error=None,
            next_action={
                "type": "redirect_to_url",
                "redirect_to_url": {"return_url": session["success_url"], "url": url},
            },
        )
        return [("payment_intent.requires_action", intent)]

    def _settle(self, session: Json, intent: Json, method: Json, card: Card) -> list[tuple[str, Json]]:
        if not card.code:
            return self._succeed(session, intent, method)
        charge = charges.failed(charges.charge(intent, method, now=self._ledger.now), card)
        self._ledger.charges[charge["id"]] = charge
        intent["latest_charge"] = charge["id"]
        return [self._refuse(intent, method, card), ("charge.failed", charge)]

    def _succeed(self, session: Json, intent: Json, method: Json) -> list[tuple[str, Json]]:
        charge = charges.charge(intent, method, now=self._ledger.now)
        self._ledger.charges[charge["id"]] = charge
        intent.update(
            status="succeeded",
            amount_received=intent["amount"],
            last_payment_error=None,
            latest_charge=charge["id"],
            next_action=None,
            payment_method=method["id"],
        )
        session.update(status="complete", payment_status="paid", url=None, customer_details=_details(session))
        return [
            ("payment_intent.succeeded", intent),
            ("charge.succeeded", charge),
            ("checkout.session.completed", session),
        ]

    def _refuse(self, intent: Json, method: Json, card: Card) -> tuple[str, Json]:
        intent.update(
            status="requires_payment_method",
            next_action=None,
            payment_method=None,
            last_payment_error=charges.error(card, method, intent["latest_charge"]),
        )
        return "payment_intent.payment_failed", intent


def _details(session: Json) -> Json:
    nulls = parts.nulls("business_name individual_name name phone")
    return {
        **nulls,
        "address": {**charges.NO_ADDRESS},
        "email": session["customer_email"],
        "tax_exempt": "none",
        "tax_ids": [],
    }
