"""How PayPal says no. https://developer.paypal.com/api/rest/responses/"""

from typing import Any


def refusal(status: int, message: str) -> dict[str, Any]:
    """An error in PayPal's shape."""
    name = {
        400: "VALIDATION_ERROR",
        401: "AUTHENTICATION_FAILURE",
        404: "RESOURCE_NOT_FOUND",
        429: "RATE_LIMIT_REACHED",
    }.get(status, "")
    return {"name": name or "INTERNAL_SERVER_ERROR", "message": message, "debug_id": "90957fca61718"}
