"""What cannot be done with an endpoint, in words for whoever asked."""

from webhooks.models import Endpoint
from webhooks.problems import Problem


def at_field(field: str, message: str) -> Problem:
    """One field is not right."""
    return bad_field(field, "invalid", message)


def bad_field(field: str, code: str, message: str) -> Problem:
    """One field is not right, for the reason that `code` names."""
    error = {"field": field, "code": code, "message": message}
    return Problem(400, "invalid", "Some fields are not right", f"{field}: {message}", errors=[error])


def no_more(most: int) -> Problem:
    return Problem(409, "too_many_endpoints", "There are too many endpoints", f"You may have {most}: delete one first.")


def no_more_secrets(most: int) -> Problem:
    words = f"At most {most} sign at once: wait until an earlier one has ended, or give 0 hours, which ends them all."
    return Problem(409, "too_many_secrets", "Too many secrets sign for this endpoint", words)


def not_enabled(endpoint: Endpoint) -> Problem:
    words = f"This endpoint is {endpoint.state}: resume it first."
    return Problem(409, "endpoint_not_enabled", "The endpoint is not enabled", words)


def unreadable() -> Problem:
    words = "It was sealed with a SECRET_KEY that is no longer known here: rotate it."
    return Problem(409, "secret_unreadable", "The secret cannot be read", words)
