"""What can be wrong with buying, in words for whoever buys."""

from math import isinf
from typing import Any

from integrations.errors import (
    CircuitOpen,
    Forbidden,
    IntegrationError,
    NotConfigured,
    RateLimited,
    Reconnect,
    Retryable,
    Spent,
    Unauthorized,
)
from integrations.http.local import HOLD_AT_MOST
from payments.waiting import in_words
from webhooks.problems import Problem

SOON = 5  # seconds: when to try again where the payment service named no time
RESTING = "The payment service is having trouble"
BUSY = "The payment service has too much to do"


def unknown_product(slug: str) -> Problem:
    return Problem(404, "product_unknown", "There is no such product", f"Nothing called “{slug}” is for sale.")


def bad_quantity(limit: int) -> Problem:
    message = f"Choose a quantity from 1 to {limit}."
    field = {"field": "quantity", "code": "out_of_range", "message": message}
    return Problem(422, "quantity_out_of_range", "This quantity cannot be ordered", message, errors=[field])


def cart_item_unknown() -> Problem:
    return Problem(404, "cart_item_unknown", "This is not in your cart", "It may have been removed in another window.")


def cart_full(limit: int) -> Problem:
    return Problem(422, "cart_full", "The cart is full", f"An order can hold {limit} different products.")


def cart_empty() -> Problem:
    return Problem(409, "cart_empty", "Your cart is empty", "Add something to it, then check out.")


def already_checked_out(order: str) -> Problem:
    detail = f"This cart became order {order}; pay for that one."
    return Problem(409, "cart_already_checked_out", "You have checked out already", detail, order=order)


def prices_changed(changes: list[dict[str, Any]], total: dict[str, int | str]) -> Problem:
    detail = "Look at the new prices in your cart, then check out again if you agree to the total."
    return Problem(409, "price_changed", "A price has changed", detail, changes=changes, total=total)


def total_changed(changes: list[dict[str, Any]], total: dict[str, int | str]) -> Problem:
    detail = "What you agreed to is no longer what the cart costs. Please look at the new total."
    return Problem(409, "price_changed", "The total has just changed", detail, changes=changes, total=total)


def mixed_currencies() -> Problem:
    detail = "Products in different currencies cannot be paid for together."
    return Problem(409, "mixed_currencies", "One order, one currency", detail)


def not_sold_alone(name: str) -> Problem:
    return Problem(409, "subscription_required", "This is a subscription", f"“{name}” cannot be bought once.")


def unknown_vendor(slug: str) -> Problem:
    detail = f"Payments by “{slug}” are not offered here."
    return Problem(422, "provider_unavailable", "This way of paying is not offered", detail)


def vendor_resting(wait: float, *, another: bool) -> Problem:
    """Nothing is asked of this payment service for `wait` (seconds), so nothing was begun; `another` way is open."""
    instead = ", or pay another way" if another else ""
    detail = f"Your cart is kept and nothing was charged. Come back {in_words(wait)}{instead}."
    return Problem(503, "vendor_resting", RESTING, detail, retry_after=_again(wait))


def kept(order: str) -> str:
    """What a person must know first of a payment that did not start."""
    return f"Your order {order} is kept and nothing was charged."


def payment_failed(error: IntegrationError, order: str, resting: float = 0) -> Problem:
    """Why the payment of a kept order did not start, and what to do next; the vendor's own words stay with us.

    `resting` (seconds, `inf`): for so long nothing is asked of the payment service.
    """
    if isinstance(error, Retryable | Spent):
        wait = resting or min(getattr(error, "retry_after", None) or SOON, HOLD_AT_MOST)
        detail = f"{kept(order)} Try the payment again {in_words(wait)}."
        code, title = _away(error)
        return Problem(503, code, title, detail, retry_after=_again(wait), order=order)
    told = f"{kept(order)} We have been told, and will look into it."
    if isinstance(error, Unauthorized | Forbidden | Reconnect | NotConfigured):
        return Problem(502, "vendor_locked", "The payment service does not let us in", told, order=order)
    return Problem(502, "vendor_refused", "The payment service refused to start this payment", told, order=order)


def _again(wait: float) -> float:
    """Seconds for `Retry-After`: where nobody knows the end, a program asks once a minute."""
    return HOLD_AT_MOST if isinf(wait) else wait


def _away(error: IntegrationError) -> tuple[str, str]:
    """Code and title: each code is one thing to do next."""
    if isinstance(error, CircuitOpen):
        return "vendor_resting", RESTING
    if isinstance(error, RateLimited):
        return "vendor_busy", BUSY
    if error.status is None:
        return "vendor_unavailable", "The payment service does not answer"
    return "vendor_unavailable", "The payment service answers with an error of its own"


def not_payable(order: str) -> Problem:
    return Problem(
        409,
        "order_not_payable",
        "This order is not waiting for a payment",
        f"Order {order} is settled.",
        order=order,
    )
