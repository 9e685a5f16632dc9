"""What can go wrong at the border; the type of an error tells the caller what to do next."""


class IntegrationError(Exception):
    """Anything that happened at the border. `code` is stable and safe to show.

    `status` is the vendor's HTTP status where it answered with one.
    """

    code = "integration_error"
    status: int | None = None


class NotConfigured(IntegrationError):
    """The vendor has no credentials here: treat it as absent."""

    code = "not_configured"


class Retryable(IntegrationError):
    """Try again later; `retry_after` (seconds) is what the vendor asked for, if it did."""

    code = "vendor_unavailable"

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class OutcomeUnknown(Retryable):
    """The request left and no answer came: it may have been done. Ask again with the same key, never a new one."""

    code = "outcome_unknown"


class CircuitOpen(Retryable):
    """The vendor has been failing and is left alone until `retry_after`: nothing was sent."""

    code = "circuit_open"


class RateLimited(Retryable):
    """The vendor's limit or our own is spent until `retry_after`."""

    code = "rate_limited"


class DeadlineExceeded(Retryable):
    """The time granted for this work is over, and nothing is under way any more."""

    code = "deadline_exceeded"


class Permanent(IntegrationError):
    """Asking again would give the same answer: a person has to look."""

    code = "vendor_refused"


class NotFound(Permanent):
    """The vendor does not know this reference."""

    code = "not_found"


class Unauthorized(Permanent):
    """The vendor does not accept our credentials."""

    code = "unauthorized"


class Forbidden(Permanent):
    """Our credentials are good and may not do this: logged as a security event."""

    code = "forbidden"


class Reconnect(Permanent):
    """The grant was withdrawn or has run out: a person has to connect the account again."""

    code = "reconnect"


class Spent(Permanent):
    """The vendor failed midway and answers this idempotency key so for good: begin anew, with a new key."""

    code = "key_spent"


class Mismatch(Permanent):
    """The vendor's truth contradicts ours (another amount, another currency): never act on it."""

    code = "mismatch"


class Ignored(IntegrationError):
    """The delivery is genuine and about nothing of ours; the message says why it was set aside."""

    code = "ignored"


class Refused(IntegrationError):
    """A delivery that is not accepted at the door (answered 400): nothing of it is kept."""

    code = "refused"


class BadSignature(Refused):
    """The signature is missing, malformed, or not made with a secret of ours."""

    code = "bad_signature"


class StaleTimestamp(Refused):
    """The signed time is too long ago, or ahead of now."""

    code = "stale_timestamp"


class BadPayload(Refused):
    """The body is not what the vendor's documentation promises; the message names the field."""

    code = "bad_payload"
