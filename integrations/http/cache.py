"""Answers that vendors allow us to keep, after RFC 9111 by hishel: each credential has its own; in doubt, a miss.

hishel is used in its RFC mode alone: in the other it ignores the vendor's headers and who asked.
"""

import hmac
import json
import re
import sqlite3
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx2
from django.conf import settings
from hishel import BaseStorage, CacheOptions
from hishel.httpx2 import CacheTransport
from redis import RedisError

from integrations import vault
from integrations.http import freshness
from integrations.http.cachestores import in_memory, in_redis

# A private cache, and nothing stale: what may stand in for a vendor that is down is `lastgood`'s to say.
OPTIONS = CacheOptions(shared=False, allow_stale=False)
# Headers that say who asks. One too many costs a miss; one too few would show one person's data to another.
WHO = re.compile(
    r"auth|cookie|token|secret|sign|(?<!idempotency-)key|account|tenant|organi[sz]ation|workspace|on-behalf|impersonat",
    re.IGNORECASE,
)
BROKEN_STORE = (RedisError, sqlite3.Error, RuntimeError)  # hishel raises the last when an entry vanishes half-read


def caching_client(**options: Any) -> httpx2.Client:
    """An `httpx2.Client` with a cache before its transports; `options` are the client's own.

    `extensions={"tenant": "…"}` keeps answers apart for those who share a credential; it is not sent.
    `response.extensions["caching"]` says what the cache did.
    """
    # Cookies that one person's answer sets must not travel with the next person's request.
    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    return _CachingClient(**{"cookies": no_cookies, **options})


class _CachingClient(httpx2.Client):
    def __init__(self, **options: Any) -> None:
        self._storage = in_redis(settings.REDIS_URL) if settings.REDIS_URL else in_memory()
        super().__init__(**options)

    def _init_transport(self, *args: Any, **options: Any) -> httpx2.BaseTransport:
        return Cached(super()._init_transport(*args, **options), self._storage)

    def _init_proxy_transport(self, *args: Any, **options: Any) -> httpx2.BaseTransport:
        return Cached(super()._init_proxy_transport(*args, **options), self._storage)


class Cached(httpx2.BaseTransport):
    """A cache before `transport`. The storage sees digests in place of whatever says who asks."""

    def __init__(self, transport: httpx2.BaseTransport, storage: BaseStorage) -> None:
        self._transport = transport
        self._cache = CacheTransport(_Revealing(transport), storage, rfc=OPTIONS)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = self._cache.handle_request(_masked(request))
        if not answer.extensions["caching"]["from_cache"]:
            return answer
        try:
            return _whole(answer)
        except BROKEN_STORE:
            return self._transport.handle_request(request)

    def close(self) -> None:
        self._cache.close()


class _Revealing(httpx2.BaseTransport):
    """Sends what was masked as it was, and has the answer say plainly whether it may be kept."""

    def __init__(self, transport: httpx2.BaseTransport) -> None:
        self._transport = transport

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        headers = [pair for pair in request.headers.raw if not _says_who(pair[0])]
        answer = self._transport.handle_request(_copy(request, [*headers, *request.extensions["who"]]))
        freshness.state(answer.status_code, answer.headers)
        return answer

    def close(self) -> None:
        self._transport.close()


def _masked(request: httpx2.Request) -> httpx2.Request:
    """The request as the storage may see it, under a key of its address and of who asks."""
    secret = next(vault.derive("integrations http cache"))
    who = [pair for pair in request.headers.raw if _says_who(pair[0])]
    masked = [(name, _digest(secret, value) if _says_who(name) else value) for name, value in request.headers.raw]
    asks = sorted([name.lower().decode("latin-1"), _digest(secret, value).decode()] for name, value in who)
    identity = json.dumps([str(request.url), request.extensions.get("tenant", ""), asks])
    key = _digest(secret, identity.encode()).decode()
    copy = _copy(request, masked)
    copy.extensions |= {"who": who, "caching": {"key": key}}
    return copy


def _copy(request: httpx2.Request, headers: list[tuple[bytes, bytes]]) -> httpx2.Request:
    return httpx2.Request(
        request.method, request.url, headers=headers, stream=request.stream, extensions=request.extensions
    )


def _says_who(name: bytes) -> bool:
    return WHO.search(name.decode("latin-1")) is not None


def _digest(secret: bytes, value: bytes) -> bytes:
    return hmac.digest(secret, value, "sha256").hex().encode()


def _whole(answer: httpx2.Response) -> httpx2.Response:
    """The answer with its body in hand, so that a storage that breaks off is noticed while we can still ask."""
    body = httpx2.ByteStream(b"".join(answer.iter_raw()))
    return httpx2.Response(answer.status_code, headers=answer.headers, stream=body, extensions=answer.extensions)
