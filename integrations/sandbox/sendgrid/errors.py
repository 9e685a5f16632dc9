"""Errors in SendGrid's shape. https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors"""

from typing import Any

HELP = "http://sendgrid.com/docs/API_Reference/Web_API_v3/Mail/errors.html"


class SendGridError(Exception):
    """An answer that is an error: one message about one field of the request."""

    def __init__(self, status: int, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"errors": [{"message": message, "field": field, "help": HELP if field else None}]}


def refusal(_status: int, message: str) -> dict[str, Any]:
    """The body of an error that is no fault of the request's."""
    return {"errors": [{"message": message, "field": None, "help": None}]}
