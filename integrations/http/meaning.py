"""What a vendor's answer means: one table from status to error, breaker, retry and log. The docs are made from it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from integrations.errors import (
    CircuitOpen,
    DeadlineExceeded,
    Forbidden,
    IntegrationError,
    NotFound,
    OutcomeUnknown,
    Permanent,
    RateLimited,
    Retryable,
    Unauthorized,
)
from integrations.http.states import Outcome
from integrations.masking import masked


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What follows from one kind of ending: `error` for an idempotent method, `unsafe` for the others."""

    what: str
    error: type[IntegrationError]
    unsafe: type[IntegrationError]
    outcome: Outcome
    then: str


def _rule(what: str, error: type[IntegrationError], outcome: Outcome, then: str, unsafe: type | None = None) -> Rule:
    return Rule(what=what, error=error, unsafe=unsafe or error, outcome=outcome, then=then)


BY_STATUS = {
    400: _rule("400 and other 4xx", Permanent, Outcome.OK, "logged with the safe part of the answer, never retried"),
    401: _rule("401", Unauthorized, Outcome.OK, "the token is renewed once, by one caller for all, then one more try"),
    403: _rule("403", Forbidden, Outcome.OK, "logged as a security event, never retried"),
    404: _rule("404", NotFound, Outcome.OK, "the caller decides what absence means, never retried"),
    408: _rule("408", Retryable, Outcome.FAILED, "retried", OutcomeUnknown),
    429: _rule("429", RateLimited, Outcome.NONE, "everybody waits for Retry-After, then tries again"),
    500: _rule("500, 502 and other 5xx", Retryable, Outcome.FAILED, "retried", OutcomeUnknown),
    503: _rule("503", Retryable, Outcome.FAILED, "retried after Retry-After", OutcomeUnknown),
}
UNREACHABLE = _rule("cannot be reached (DNS, refused, connect timeout)", Retryable, Outcome.FAILED, "retried")
NO_ANSWER = _rule("no whole answer (read timeout, reset, garbage)", OutcomeUnknown, Outcome.FAILED, "retried")
RULES = (UNREACHABLE, NO_ANSWER, *BY_STATUS.values())


def rule_for(status: int) -> Rule:
    """The rule of a status that is no success."""
    return BY_STATUS.get(status) or BY_STATUS[500 if status >= 500 else 400]


def error_for(
    vendor: str, status: int, headers: Mapping[str, str], *, idempotent: bool, words: str = ""
) -> IntegrationError:
    """The error a status amounts to. `words`: what of the vendor's answer is safe to log and show to staff."""
    rule = rule_for(status)
    kind = rule.error if idempotent else rule.unsafe
    message = f"{vendor} answered {status}" + (f": {words}" if words else "")
    error = kind(message, retry_after(headers)) if issubclass(kind, Retryable) else kind(message)
    error.status = status
    return error


# Where vendors put words about what was wrong: Stripe, SendGrid, PayPal and OAuth, and most others.
WORDS = (("error", "code"), ("error", "message"), ("errors", 0, "message"), ("message",), ("error_description",))
LONGEST_WORDS = 300


def words_of(status: int, body: bytes) -> str:
    """The part of a refusal that is safe to log, keep and show to staff; nothing of a 401, which may echo the key."""
    if status == 401 or len(body) > 65_536:
        return ""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    found = (_at(answer, path) for path in WORDS)
    return masked(" ".join(word for word in found if isinstance(word, str)), LONGEST_WORDS)


def _at(value: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def outcome_of(error: IntegrationError) -> Outcome:
    """What an error says of the vendor's health: a refusal is the answer of a vendor that is well."""
    if error.status is not None:
        return rule_for(error.status).outcome if not 200 <= error.status < 300 else Outcome.FAILED
    # Without a status: the vendor could not be reached or did not answer, or it was we who held the call back.
    ours = isinstance(error, CircuitOpen | DeadlineExceeded | RateLimited)
    return Outcome.FAILED if isinstance(error, Retryable) and not ours else Outcome.NONE


def hold_of(error: IntegrationError | None) -> float:
    """Seconds for which the vendor wants no call at all, from anybody."""
    return error.retry_after or 1.0 if isinstance(error, RateLimited) and error.status == 429 else 0.0


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Retry-After in seconds, from a number or an HTTP date (RFC 9110 §10.2.3); None when there is none to read."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - (now or datetime.now(UTC))).total_seconds())
