"""How often our API may be asked, by whom, and how every answer of it tells: `RateLimit` and `RateLimit-Policy`.

The fields are those of draft-ietf-httpapi-ratelimit-headers-11. A person pays from one bucket however they come, an
anonymous request from that of its address; what no view of the API charged (a bad token, an unknown path, a refused
host) is charged to its address on the way out.
"""

import math
from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from webhooks.api.addresses import client_address, neighbourhood
from webhooks.api.buckets import Allowance, Buckets, Quota
from webhooks.api.problems import TITLES, respond
from webhooks.api.shared import connect
from webhooks.problems import Problem

API = ("/api/v1/", "/auth/", "/.well-known/")
ALLOWANCE = "patchbay.allowance"
Answer = Callable[[HttpRequest], HttpResponseBase]


def charge(request: HttpRequest, person: int | None = None) -> None:
    """Take one request from the bucket of this person, or of the address; raises `Problem` 429 when it is empty."""
    if not settings.PATCHBAY_API_RATE:
        return
    buckets = _buckets(settings.PATCHBAY_API_RATE, settings.PATCHBAY_API_BURST, settings.REDIS_URL)
    name = f"person:{person}" if person else f"address:{neighbourhood(client_address(request))}"
    allowance = request.META[ALLOWANCE] = buckets.take(name)
    if not allowance.admitted:
        raise _too_many(allowance)


def tell_limits(get_response: Answer) -> Answer:
    """Middleware, the outermost, so that no answer of the API goes out without its limits."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if request.path.startswith(API) and ALLOWANCE not in request.META:
            response = _charged_late(request, response)
        if allowance := request.META.get(ALLOWANCE):
            for name, value in _fields(allowance).items():
                response[name] = value
        return response

    return middleware


def _charged_late(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    try:
        charge(request)
    except Problem as problem:
        return respond(problem)
    return response


@cache
def _buckets(rate: int, burst: int, url: str) -> Buckets:
    return Buckets(Quota(rate, burst), connect(url) if url else None)


def _too_many(allowance: Allowance) -> Problem:
    seconds = _seconds(allowance)
    when = "in a second" if seconds == 1 else f"in {seconds} seconds"
    words = (
        f"You may ask {allowance.quota.rate} times a minute, {allowance.quota.burst} of them at once. Ask again {when}."
    )
    return Problem(429, "rate_limited", TITLES[429], words, retry_after=seconds)


def _fields(allowance: Allowance) -> dict[str, str]:
    return {
        "RateLimit-Policy": f'"default";q={allowance.quota.rate};w=60',
        "RateLimit": f'"default";r={allowance.left};t={_seconds(allowance)}',
    }


def _seconds(allowance: Allowance) -> int:
    """Whole seconds after which there surely is one more: as `t` and as Retry-After, which must not be sooner."""
    return max(1, math.ceil(allowance.wait))
