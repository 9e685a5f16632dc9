"""Which events an endpoint is told of: `*` for all, `order.*` for what begins so, `order.paid` for one."""

from collections.abc import Iterable, Sequence

from webhooks.outbox.catalogue import catalogue

ALL = "*"
MOST = 50


class BadSubscription(ValueError):
    """Not something to subscribe to; the message says why and may be shown."""


def matches(patterns: Iterable[str], name: str) -> bool:
    """Whether an event called `name` is among those of `patterns`."""
    return any(_matches(pattern, name) for pattern in patterns)


def _matches(pattern: str, name: str) -> bool:
    if pattern.endswith(ALL):
        return name.startswith(pattern[:-1])
    return name == pattern


def require_patterns(patterns: Sequence[str]) -> list[str]:
    """The patterns, each once; `BadSubscription` for one that no event of the catalogue fits."""
    if not 0 < len(patterns) <= MOST:
        raise BadSubscription(f"Name 1 to {MOST} event types, or * for all.")
    names = catalogue()
    for pattern in patterns:
        whole = pattern == ALL or pattern.endswith(".*") or ALL not in pattern
        if not whole or not any(_matches(pattern, name) for name in names):
            raise BadSubscription(f"No event type fits “{pattern[:100]}”; /api/v1/event-types lists them all.")
    return list(dict.fromkeys(patterns))
