"""Errors in Stripe's words and shape. https://docs.stripe.com/api/errors"""

from typing import Any

Json = dict[str, Any]


class StripeError(Exception):
    """An answer that is an error. `extra` is whatever else this error carries: `code`, `param`, …"""

    def __init__(self, status: int, message: str, *, type: str = "invalid_request_error", **extra: Any) -> None:  # noqa: A002
        super().__init__(message)
        self.status = status
        self.body: Json = {"error": {**extra, "message": message, "type": type}}


def refusal(status: int, message: str) -> Json:
    """The body of an error that is no fault of the request's."""
    kind = {429: "rate_limit_error", 401: "invalid_request_error"}.get(status, "api_error")
    return {"error": {"message": message, "type": kind}}


def unknown_parameter(name: str) -> StripeError:
    return StripeError(400, f"Received unknown parameter: {name}", code="parameter_unknown", param=name)


def missing_parameter(name: str) -> StripeError:
    return StripeError(400, f"Missing required param: {name}.", code="parameter_missing", param=name)


def invalid(name: str, message: str, code: str = "parameter_invalid") -> StripeError:
    return StripeError(400, message, code=code, param=name)


def not_simulated(name: str) -> StripeError:
    """For what Stripe can do and this stand-in cannot: saying so is better than a wrong answer."""
    return invalid(name, f"The sandbox does not simulate {name} yet.", code="sandbox_not_simulated")


def no_such(what: str, identifier: str, param: str = "id") -> StripeError:
    return StripeError(404, f"No such {what}: '{identifier}'", code="resource_missing", param=param)
