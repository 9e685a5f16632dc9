"""The last good answer to a read that opted in, for when its vendor is down: a tenant's own, limited in age and size.

It is the application's memory, not an HTTP cache: whoever opts in says that an old answer, marked as such, is better
than none, whatever the vendor's caching headers say of ordinary days.
"""

import hashlib
import json
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

import httpx2
import structlog
from django.core.cache import cache
from django.utils import timezone
from redis import RedisError

from integrations.errors import Retryable
from integrations.http.transport import Answer

log = structlog.get_logger("vendor")
T = TypeVar("T")

# Nothing is remembered for longer, whoever asks, nor when it is bigger (bytes).
KEEP = timedelta(days=1)
LARGEST = 256 << 10
WORTH_KEEPING = (200, 203)
CACHE_IS_DOWN = (RedisError, OSError, pickle.UnpicklingError)

# The oldest age served in this request, by vendor; None where nobody collects.
_served: ContextVar[dict[str, timedelta] | None] = ContextVar("stale_served", default=None)


@dataclass(frozen=True)
class Known(Generic[T]):
    """An answer, and how long ago the vendor gave it: zero when it has just done so."""

    answer: T
    age: timedelta

    @property
    def stale(self) -> bool:
        return bool(self.age)


def known(vendor: str, operation: str, tenant: str, at_most: timedelta, ask: Callable[[], T]) -> Known[T]:
    """`ask`'s answer, or the last good one, of `at_most` that age, when the vendor cannot answer now.

    A vendor that is well and says no (`Permanent`: 401, 404) is believed. What is served is noted for `stale_age`.
    """
    try:
        answer = ask()
    except Retryable:
        if stale := _fallen_back(vendor, operation, tenant, at_most):
            return stale
        raise
    if isinstance(answer, Answer) and (answer.status >= 500 or answer.status == 429):
        return _fallen_back(vendor, operation, tenant, at_most) or Known(answer, timedelta())
    remember(vendor, operation, tenant, answer)
    return Known(answer, timedelta())


def remember(vendor: str, operation: str, tenant: str, answer: Any) -> None:
    """Keep an `Answer` that is good, or plain data (text, numbers, tuples), if it is not too big."""
    if isinstance(answer, Answer):
        if answer.status not in WORTH_KEEPING:
            return
        answer = ("answer", answer.status, answer.headers.raw, answer.body)
    else:
        answer = ("data", answer)
    if (size := len(pickle.dumps(answer))) > LARGEST:
        log.info("lastgood.too_big", vendor=vendor, operation=operation, bytes=size)
        return
    try:
        cache.set(_key(vendor, operation, tenant), (timezone.now(), answer), KEEP.total_seconds())
    except CACHE_IS_DOWN as error:
        log.warning("lastgood.down", vendor=vendor, operation=operation, error=repr(error))


def recall(vendor: str, operation: str, tenant: str, at_most: timedelta) -> Known[Any] | None:
    """What was remembered, if it is there and no older than `at_most`."""
    try:
        found = cache.get(_key(vendor, operation, tenant))
    except CACHE_IS_DOWN as error:
        log.warning("lastgood.down", vendor=vendor, operation=operation, error=repr(error))
        return None
    if found is None:
        return None
    at, (kind, *parts) = found
    age = max(timezone.now() - at, timedelta())  # hosts' clocks differ a little
    if age > min(at_most, KEEP):
        return None
    return Known(_answer(*parts) if kind == "answer" else parts[0], age)


@contextmanager
def collecting() -> Iterator[None]:
    """Within, `stale_age` and `stale_vendors` tell what old answers were served."""
    token = _served.set({})
    try:
        yield
    finally:
        _served.reset(token)


def stale_age() -> timedelta | None:
    """The age of the oldest answer served in place of a new one, if there was one."""
    return max((_served.get() or {}).values(), default=None)


def stale_vendors() -> list[str]:
    """The slugs of those who did not answer, in alphabetical order."""
    return sorted(_served.get() or {})


def instead(vendor: str, operation: str, tenant: str, at_most: timedelta) -> Known[Any] | None:
    """What was remembered, served in place of a new answer that nobody asked for: noted for `stale_age`."""
    stale = recall(vendor, operation, tenant, at_most)
    if stale is not None and (served := _served.get()) is not None:
        served[vendor] = max(stale.age, served.get(vendor, timedelta()))
    return stale


def _fallen_back(vendor: str, operation: str, tenant: str, at_most: timedelta) -> Known[Any] | None:
    stale = instead(vendor, operation, tenant, at_most)
    if stale is not None:
        log.warning("vendor.stale", vendor=vendor, operation=operation, age=round(stale.age.total_seconds()))
    return stale


def _answer(status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> Answer:
    return Answer(status, httpx2.Headers(headers), body)


def _key(vendor: str, operation: str, tenant: str) -> str:
    if not tenant:
        raise ValueError("whose answer it is must be said: a tenant, or `staff`")
    return "lastgood:" + hashlib.sha256(json.dumps([vendor, operation, tenant]).encode()).hexdigest()
