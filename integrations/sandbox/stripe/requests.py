"""What a request to open a Checkout Session must make sense of, beyond the types of its parameters."""

from collections.abc import Set as AbstractSet
from typing import Any

from integrations.sandbox.stripe.errors import invalid, missing_parameter, no_such, not_simulated

Json = dict[str, Any]

# Kept on the session as given; they change nothing about how it is paid.
ECHOED = frozenset(
    [
        "billing_address_collection",
        "cancel_url",
        "client_reference_id",
        "customer_creation",
        "customer_email",
        "expires_at",
        "locale",
        "metadata",
        "mode",
        "payment_method_types",
        "submit_type",
        "success_url",
        "ui_mode",
    ]
)
READ = ECHOED | {"expand", "line_items", "payment_intent_data"}
INTENT_ECHOED = frozenset(["description", "metadata", "receipt_email", "setup_future_usage", "transfer_group"])
LONGEST = 86_400
SHORTEST = 1_800


def session_fields(params: Json, now: int) -> Json:
    """What the session takes over from its parameters."""
    _require_simulated(params, READ, "{}")
    for name, only in (("mode", "payment"), ("ui_mode", "hosted_page")):
        if params.get(name, only) != only:
            raise not_simulated(name)
    if not params.get("success_url"):
        raise missing_parameter("success_url")
    if not SHORTEST <= params.get("expires_at", now + LONGEST) - now <= LONGEST:
        words = "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation."
        raise invalid("expires_at", words)
    return {name: value for name, value in params.items() if name in ECHOED}


def intent_fields(params: Json) -> Json:
    """What the PaymentIntent takes over from its parameters."""
    data: Json = params.get("payment_intent_data", {})
    _require_simulated(data, INTENT_ECHOED, "payment_intent_data[{}]")
    return data


def lines(params: Json) -> list[Json]:
    """The lines to sell: `{name, quantity, unit_amount, currency}`, amounts in minor units, all of one currency."""
    items = params.get("line_items") or []
    if not items:
        raise missing_parameter("line_items")
    sold = [_line(item, f"line_items[{index}]") for index, item in enumerate(items)]
    if len({line["currency"] for line in sold}) > 1:
        raise invalid("line_items", "All line items must have the same currency.")
    return sold


def _line(item: Json, where: str) -> Json:
    if "price" in item:
        raise no_such("price", item["price"], f"{where}[price]")
    if "price_data" not in item:
        raise missing_parameter(f"{where}[price_data]")
    price = item["price_data"]
    _require_simulated(item, {"price_data", "quantity"}, f"{where}[{{}}]")
    _require_simulated(price, {"currency", "product_data", "tax_behavior", "unit_amount"}, f"{where}[price_data][{{}}]")
    if "product_data" not in price:
        raise missing_parameter(f"{where}[price_data][product_data]")
    if "unit_amount" not in price:
        raise missing_parameter(f"{where}[price_data][unit_amount]")
    return {
        "name": price["product_data"]["name"],
        "quantity": _positive(item.get("quantity", 1), f"{where}[quantity]"),
        "unit_amount": _positive(price["unit_amount"], f"{where}[price_data][unit_amount]"),
        "currency": _currency(price["currency"], f"{where}[price_data][currency]"),
    }


def _require_simulated(params: Json, known: AbstractSet[str], called: str) -> None:
    for name in sorted(params.keys() - known):
        raise not_simulated(called.format(name))


def _positive(value: int, where: str) -> int:
    if value < 1:
        raise invalid(where, "This value must be greater than or equal to 1.", code="parameter_invalid_integer")
    return value


def _currency(value: str, where: str) -> str:
    if len(value) != 3 or not (value.isascii() and value.isalpha()):
        raise invalid(where, f"Invalid currency: {value}.")
    return value.lower()
