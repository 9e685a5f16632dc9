"""A name for what is asked, the same for every customer: ids in a path become `{id}`, so that it can be counted."""

from re import ASCII
from re import compile as pattern
from urllib.parse import urlsplit

LONGEST = 32
# A vendor's own words: v1, payment_intents, createOrder, SKU. Whatever else there is (digits, signs, capitals in odd
# places, a dot) is or may be somebody's: it would be a name of its own in every metric, and their address in the log.
WORD = pattern(r"|v\d{1,3}|oauth2|[a-z]+(?:[_-][a-z]+)*|[A-Z]?[a-z]+(?:[A-Z][a-z]+)*|[A-Z]{1,7}", ASCII)
HEX = pattern(r"[a-f]{8,}")


def operation_of(method: str, url: str) -> str:
    """`GET /v1/checkout/sessions/{id}` for a request to that session."""
    steps = (step if _is_word(step) else "{id}" for step in urlsplit(url).path.split("/"))
    return f"{method} {'/'.join(steps)}"


def _is_word(step: str) -> bool:
    return len(step) <= LONGEST and bool(WORD.fullmatch(step)) and not HEX.fullmatch(step)
