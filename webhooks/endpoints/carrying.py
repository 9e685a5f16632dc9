"""One try at an endpoint: sent within its time, its answer read as far as anybody will look, every failure named."""

import asyncio
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import httpx2

from integrations.masking import masked
from webhooks.endpoints.network import Blocked, Unresolved
from webhooks.endpoints.parcels import Outcome, Parcel
from webhooks.endpoints.schedule import asked_for
from webhooks.endpoints.targets import BadTarget, normal

MOST_READ = 64 * 1024
MOST_KEPT = 20_000
MOST_HEADERS, LONGEST_HEADER, LONGEST_WORDS = 40, 300, 250
GONE = 410

# What may go wrong before there is an answer, the most telling first.
_FAILURES: tuple[tuple[type[BaseException], str, str], ...] = (
    (BadTarget, "bad_url", "{error}."),
    (Blocked, "blocked_address", "We do not connect there: {error}."),
    (Unresolved, "unresolved", "{error}."),
    (ssl.SSLCertVerificationError, "bad_certificate", "Its certificate was not accepted: {error}."),
    (ssl.SSLError, "tls_failed", "TLS failed: {error}."),
    (ConnectionRefusedError, "connection_refused", "It refused the connection."),
    (httpx2.ConnectTimeout, "timeout", "It could not be connected to in time."),
    (httpx2.ConnectError, "connection_failed", "It could not be connected to: {error}."),
    (httpx2.ReadError, "connection_lost", "It closed the connection without an answer."),
    (httpx2.WriteError, "connection_lost", "It closed the connection before it had everything."),
    (httpx2.RemoteProtocolError, "bad_answer", "Its answer was not HTTP: {error}."),
    (httpx2.HTTPError, "failed", "{error}."),
    (httpx2.InvalidURL, "bad_url", "{error}."),
    (UnicodeError, "bad_url", "{error}."),
)


async def carry(client: httpx2.AsyncClient, parcel: Parcel, seconds: float) -> Outcome:
    """Send it; everything together, name to last byte, has `seconds`. Raises nothing that an endpoint can cause."""
    at, started = datetime.now(UTC), time.perf_counter()
    found: dict[str, Any] = {}
    raw = bytearray()
    try:
        async with asyncio.timeout(seconds):
            await _exchange(client, parcel, found, raw)
    except TimeoutError:
        # An endpoint that says 2xx and then dawdles over a body that nobody needs has taken the message.
        if not found.get("status"):
            found |= {"code": "timeout", "words": f"It did not answer within {seconds:g} seconds."}
    except Exception as error:  # noqa: BLE001  whatever it is, a try has come to its end, and its slot is another's
        if not found.get("status"):
            found |= _named(error)
    ms = round((time.perf_counter() - started) * 1000, 1)
    # Once, however many pieces it came in: masking takes milliseconds, and the loop is everybody's.
    body = masked(bytes(raw[:MOST_KEPT]), MOST_KEPT)
    return Outcome(parcel=parcel, at=at, ms=ms, body=body, **(found | _judged(found)))


async def _exchange(client: httpx2.AsyncClient, parcel: Parcel, found: dict[str, Any], raw: bytearray) -> None:
    # Asked again, for what was good when it was registered may not be by the settings of today.
    async with client.stream("POST", normal(parcel.url), content=parcel.body, headers=parcel.headers) as answer:
        found |= {
            "status": answer.status_code,
            "address": _address(answer),
            "headers": dict(_kept(answer.headers)),
            "asked": asked_for(answer.headers.get("retry-after", ""), datetime.now(UTC)),
        }
        with suppress(httpx2.HTTPError):
            async for chunk in answer.aiter_raw():
                raw += chunk
                if len(raw) >= MOST_READ:
                    break


def _judged(found: dict[str, Any]) -> dict[str, str]:
    """Only 2xx is a success; a redirect is not followed, for it would lead past every check."""
    status = found.get("status")
    if status is None or 200 <= status < 300:
        return {}
    if 300 <= status < 400:
        return {"code": "redirect", "words": f"It answered {status}: redirects are not followed."}
    if status == GONE:
        return {"code": "gone", "words": "It answered 410: it wants no more messages."}
    return {"code": f"status_{status}", "words": f"It answered {status}."}


def _named(error: BaseException) -> dict[str, str]:
    chain = list(_causes(error))
    for kind, code, words in _FAILURES:
        for cause in chain:
            if isinstance(cause, kind):
                said = masked(str(cause) or type(cause).__name__, 150).rstrip(".")
                return {"code": code, "words": words.format(error=said)[:LONGEST_WORDS]}
    return {"code": "failed", "words": masked(repr(error), LONGEST_WORDS)}


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _address(answer: httpx2.Response) -> str | None:
    stream = answer.extensions.get("network_stream")
    peer = stream.get_extra_info("server_addr") if stream else None
    return str(peer[0]).partition("%")[0] if peer else None


def _kept(headers: httpx2.Headers) -> Iterator[tuple[str, str]]:
    for name, value in list(headers.items())[:MOST_HEADERS]:
        yield masked(name, LONGEST_HEADER), masked(value, LONGEST_HEADER)
