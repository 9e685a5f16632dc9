"""A vendor in this process, called through the whole pipeline; run as a program it calls beside other processes.

python -m tests.integrations.http.ailing SLUG CALLS    prints how many requests were sent (under tests.settings)
"""

import json
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from integrations.errors import IntegrationError, RateLimited, Retryable
from integrations.http.pipeline import guarded
from integrations.http.policy import Policy, grant
from integrations.http.retry import Call

UNLIMITED = Policy(rate=0.0)


@dataclass
class Ailing:
    """Answers as `answer` does, and counts how often it was asked."""

    slug: str
    answer: Callable[[], str]
    asked: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self) -> str:
        """One call of ours; raises what came of it."""
        return guarded(Call(vendor=self.slug, operation="GET /", idempotent=True), self._attempt)

    def offer(self, calls: int) -> int:
        """So many calls, one after the other; returns how many went well."""
        return sum(self._went_well() for _ in range(calls))

    def _went_well(self) -> bool:
        try:
            return bool(self.call())
        except IntegrationError:
            return False

    def _attempt(self) -> str:
        with self._lock:
            self.asked += 1
        return self.answer()


def away() -> str:
    raise unavailable()


def unavailable() -> Retryable:
    """A 503, as the transport would raise it."""
    error = Retryable("answered 503")
    error.status = 503
    return error


def too_many(seconds: float) -> RateLimited:
    """A 429 that asks for so many seconds, as the transport would raise it."""
    error = RateLimited("answered 429", seconds)
    error.status = 429
    return error


def _main(slug: str, calls: int) -> None:
    import django

    django.setup()
    from integrations.http import pipeline, state

    pipeline.sleep = lambda _seconds: None
    state.PATIENCE = 60.0
    grant(slug, UNLIMITED)
    vendor = Ailing(slug, away)
    vendor.offer(calls)
    print(json.dumps(vendor.asked))


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
