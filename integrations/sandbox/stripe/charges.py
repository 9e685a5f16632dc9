"""What money moves by: payment methods, charges and refunds in Stripe's shapes."""

from typing import Any

from integrations.sandbox.stripe import parts
from integrations.sandbox.stripe.cards import Card

Json = dict[str, Any]

NO_ADDRESS = parts.nulls("city country line1 line2 postal_code state")
CHARGE_NULLS = parts.nulls(
    """application application_fee application_fee_amount balance_transaction customer description failure_code
    failure_balance_transaction failure_message on_behalf_of presentment_details receipt_email receipt_number
    receipt_url review shipping source source_transfer statement_descriptor statement_descriptor_suffix
    transfer_data transfer_group"""
)
REFUND_NULLS = parts.nulls(
    "balance_transaction receipt_number source_transfer_reversal transfer_reversal destination_details"
)


def payment_method(card: Card, *, email: str | None, now: int) -> Json:
    """https://docs.stripe.com/api/payment_methods/object"""
    return {
        "id": parts.new("pm"),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": _billing(email),
        "card": _card(card) | {"display_brand": card.brand, "networks": {"available": [card.brand], "preferred": None}},
        "created": now,
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
    }


def charge(paying: Json, method: Json, *, now: int) -> Json:
    """A charge that succeeded, of all that `paying` (a PaymentIntent) asks. https://docs.stripe.com/api/charges/object"""
    return {
        "id": parts.new("ch"),
        "object": "charge",
        **CHARGE_NULLS,
        "amount": paying["amount"],
        "amount_captured": paying["amount"],
        "amount_refunded": 0,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "PATCHBAY SANDBOX",
        "captured": True,
        "created": now,
        "currency": paying["currency"],
        "disputed": False,
        "fraud_details": {},
        "livemode": False,
        "metadata": paying["metadata"],
        "outcome": _outcome("approved_by_network", "authorized", "Payment complete.", None),
        "paid": True,
        "payment_intent": paying["id"],
        "payment_method": method["id"],
        "payment_method_details": {"card": _charged(method, paying["amount"]), "type": "card"},
        "radar_options": {},
        "refunded": False,
        "status": "succeeded",
    }


def failed(charged: Json, card: Card) -> Json:
    """The same charge as the bank refused it."""
    reason = card.decline_code or card.code
    return {
        **charged,
        "amount_captured": 0,
        "captured": False,
        "failure_code": card.code,
        "failure_message": card.message,
        "outcome": _outcome(
            "declined_by_network", "issuer_declined", "The bank did not give a further reason.", reason
        ),
        "paid": False,
        "status": "failed",
    }


def error(card: Card, method: Json, charge: str | None) -> Json:
    """A PaymentIntent's `last_payment_error`. https://docs.stripe.com/error-codes"""
    optional = {"charge": charge, "decline_code": card.decline_code}
    return {
        "advice_code": None,
        "code": card.code,
        "doc_url": f"https://docs.stripe.com/error-codes/{card.code.replace('_', '-')}",
        "message": card.message,
        "payment_method": method,
        "type": "card_error" if card.decline_code else "invalid_request_error",
        **{name: value for name, value in optional.items() if value},
    }


def refund(charged: Json, *, amount: int, reason: str | None, metadata: Json, now: int) -> Json:
    """A refund that went through. https://docs.stripe.com/api/refunds/object"""
    return {
        "id": parts.new("re"),
        "object": "refund",
        **REFUND_NULLS,
        "amount": amount,
        "charge": charged["id"],
        "created": now,
        "currency": charged["currency"],
        "metadata": metadata,
        "payment_intent": charged["payment_intent"],
        "reason": reason,
        "status": "succeeded",
    }


def _billing(email: str | None) -> Json:
    return {"address": {**NO_ADDRESS}, "email": email, "name": None, "phone": None, "tax_id": None}


def _card(card: Card) -> Json:
    return {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US",
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": f"sandbox{card.last4}",
        "funding": "credit",
        "last4": card.last4,
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def _charged(method: Json, amount: int) -> Json:
    kept = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4", "wallet")
    card = {name: method["card"][name] for name in kept}
    nulls = parts.nulls("installments mandate network_token three_d_secure")
    return {**nulls, **card, "amount_authorized": amount, "authorization_code": None, "network": card["brand"]}


def _outcome(network: str, kind: str, words: str, reason: str | None) -> Json:
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": network,
        "reason": reason,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": words,
        "type": kind,
    }
