"""Stripe's objects as its API 2026-10-28.endive shapes them: every field that Stripe sends, null where it is empty."""

from typing import Any

from integrations.sandbox.stripe import parts

Json = dict[str, Any]

SESSION_NULLS = parts.nulls(
    """adaptive_pricing after_expiration allow_promotion_codes billing_address_collection cancel_url
    client_reference_id client_secret collected_information consent consent_collection currency_conversion customer
    customer_account customer_email customer_details discounts integration_identifier invoice invoice_creation locale
    origin_context payment_intent payment_link payment_method_configuration_details permissions presentment_details
    recovered_from saved_payment_method_options setup_intent shipping_address_collection shipping_cost submit_type
    subscription wallet_options"""
)
INTENT_NULLS = parts.nulls(
    """amount_details application application_fee_amount automatic_payment_methods canceled_at cancellation_reason
    customer customer_account description excluded_payment_method_types last_payment_error latest_charge next_action
    on_behalf_of payment_method payment_method_configuration_details presentment_details processing receipt_email
    review setup_future_usage shipping source statement_descriptor statement_descriptor_suffix transfer_data
    transfer_group"""
)


def session(*, amount: int, currency: str, now: int, given: Json) -> Json:
    """A Checkout Session just opened; `given` is what the caller set. https://docs.stripe.com/api/checkout/sessions/object"""
    return {
        "id": parts.new("cs_test", 58),
        "object": "checkout.session",
        **SESSION_NULLS,
        "amount_subtotal": amount,
        "amount_total": amount,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "created": now,
        "currency": currency,
        "custom_fields": [],
        "custom_text": parts.nulls("after_submit shipping_address submit terms_of_service_acceptance"),
        "customer_creation": "if_required",
        "expires_at": now + 86_400,
        "livemode": False,
        "metadata": {},
        "mode": "payment",
        "payment_method_collection": "if_required",
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "phone_number_collection": {"enabled": False},
        "shipping_options": [],
        "status": "open",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        **given,
    }


def line_item(*, name: str, quantity: int, unit_amount: int, currency: str, now: int) -> Json:
    """https://docs.stripe.com/api/checkout/sessions/line_items"""
    amount = quantity * unit_amount
    return {
        "id": parts.new("li"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": currency,
        "description": name,
        "price": _price(unit_amount, currency, now),
        "quantity": quantity,
    }


def _price(unit_amount: int, currency: str, now: int) -> Json:
    nulls = parts.nulls("custom_unit_amount lookup_key nickname recurring tiers_mode transform_quantity")
    return {
        "id": parts.new("price"),
        "object": "price",
        **nulls,
        "active": False,
        "billing_scheme": "per_unit",
        "created": now,
        "currency": currency,
        "livemode": False,
        "metadata": {},
        "product": parts.new("prod", 14),
        "tax_behavior": "unspecified",
        "type": "one_time",
        "unit_amount": unit_amount,
        "unit_amount_decimal": str(unit_amount),
    }


def intent(*, amount: int, currency: str, now: int, given: Json) -> Json:
    """A PaymentIntent before its first card. https://docs.stripe.com/api/payment_intents/object"""
    identifier = parts.new("pi")
    return {
        "id": identifier,
        "object": "payment_intent",
        **INTENT_NULLS,
        "amount": amount,
        "amount_capturable": 0,
        "amount_received": 0,
        "capture_method": "automatic_async",
        "client_secret": parts.new(f"{identifier}_secret", 25),
        "confirmation_method": "automatic",
        "created": now,
        "currency": currency,
        "livemode": False,
        "metadata": {},
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
        **given,
    }
