"""What each vendor is granted: how long, how often, how many at once, and when we stop asking."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class BreakerPolicy:
    """When the circuit opens, for how long, and how it is tried again. Times are seconds.

    `slow` is the duration from which a call counts as slow; None leaves the slow-call rate out.
    """

    window: int = 60
    minimum: int = 10
    failure_rate: float = 0.5
    slow: float | None = None
    slow_rate: float = 0.8
    open_for: float = 30.0
    open_at_most: float = 300.0
    permits: int = 5


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The bounds on everything asked of one vendor. Times are seconds; `rate` is calls a second with a `burst`.

    `waiting` bounds how many calls may queue for the rate. A retry spends a token, of at most `retry_tokens`; a success
    earns `retry_ratio` of them, or `retry_refill` for each minute since the last success if that is more.
    """

    deadline: float = 20.0
    attempt: float = 10.0
    connect: float = 3.0
    attempts: int = 3
    rate: float = 50.0
    burst: int = 50
    waiting: int = 100
    retry_ratio: float = 0.1
    retry_tokens: float = 6.0  # three calls with all their retries; a tenth of an hour's calls, one a minute
    retry_refill: float = 1.0
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)


USUAL = Policy()
_granted: dict[str, Policy] = {}


def grant(slug: str, policy: Policy) -> None:
    """Bound everything asked of `slug` by `policy`."""
    _granted[slug] = policy


def policy_of(slug: str) -> Policy:
    """The vendor's own policy, or the usual one."""
    return _granted.get(slug, USUAL)
