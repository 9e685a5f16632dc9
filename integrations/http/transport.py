"""One HTTP exchange with a vendor: bounded in time, logged in one line, told apart by what the caller can do."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

import httpx2
import structlog
from django.conf import settings

from integrations.errors import NotFound, OutcomeUnknown, Permanent, Retryable, Unauthorized

log = structlog.get_logger("vendor")

TIMEOUT = httpx2.Timeout(10.0, connect=3.0)
LIMITS = httpx2.Limits(max_connections=50, max_keepalive_connections=20)


@dataclass(frozen=True)
class Answer:
    """What the vendor answered. Header names are case-insensitive."""

    status: int
    headers: httpx2.Headers
    body: bytes


@cache
def _client() -> httpx2.Client:
    # The sandbox is on this machine: a proxy set for the outside world must not swallow it.
    return httpx2.Client(timeout=TIMEOUT, limits=LIMITS, trust_env=not settings.PATCHBAY_SANDBOX)


def exchange(
    vendor: str,
    method: str,
    url: str,
    headers: Mapping[str, str] | None = None,
    content: bytes | str | None = None,
) -> Answer:
    """Send one request and return whatever was answered.

    `Retryable`: it never left (refused, DNS). `OutcomeUnknown`: it left, and no whole answer came back.
    """
    started = time.perf_counter()
    bound = log.bind(vendor=vendor, method=method, path=urlsplit(url).path)
    try:
        response = _client().request(method, url, headers=dict(headers or {}), content=content)
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
        bound.warning("vendor.unreachable", error=repr(error), ms=_since(started))
        raise Retryable(f"{vendor} cannot be reached") from error
    except httpx2.RequestError as error:
        bound.warning("vendor.no_answer", error=repr(error), ms=_since(started))
        raise OutcomeUnknown(f"{vendor} did not answer") from error
    bound.info("vendor.call", status=response.status_code, ms=_since(started))
    return Answer(response.status_code, response.headers, response.content)


def require_success(vendor: str, method: str, answer: Answer) -> Answer:
    """The answer when it is a 2xx, else the error that says what to do next."""
    if 200 <= answer.status < 300:
        return answer
    raise error_for(vendor, answer.status, answer.headers, idempotent=method in ("GET", "HEAD", "PUT", "DELETE"))


def error_for(vendor: str, status: int, headers: Mapping[str, str], *, idempotent: bool, words: str = "") -> Exception:
    """The error a status means. A 5xx to a request that may not be repeated leaves the outcome unknown.

    `words` is what of the vendor's own answer is safe to log and show to staff.
    """
    message = f"{vendor} answered {status}" + (f": {words}" if words else "")
    if status == 429:
        return Retryable(message, retry_after=_seconds(headers.get("retry-after", "")))
    if status >= 500:
        return (Retryable if idempotent else OutcomeUnknown)(message, _seconds(headers.get("retry-after", "")))
    return {401: Unauthorized, 404: NotFound}.get(status, Permanent)(message)


def _seconds(retry_after: str) -> float | None:
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() else None


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
