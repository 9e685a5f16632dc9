"""`POST /webhooks/{slug}` as a plain ASGI application: verify, store once, answer; think later.

Django's handler is not on this path: what was measured of it is in docs/decisions/0002. Nothing is asked of the
database before a request is known to be genuine, and then one write.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
import structlog
from django.db import Error, connection
from django.utils import timezone

from integrations.contract import Delivery, Inbound, Reply
from integrations.correlation import request_id
from integrations.errors import BadSignature, NotConfigured, RateLimited, Refused, Retryable, StaleTimestamp
from webhooks import metrics
from webhooks.api.addresses import believed
from webhooks.inbox.bodies import Receive, whole
from webhooks.inbox.plain import Send, answer, refuse
from webhooks.inbox.verifying import received
from webhooks.inbox.waiting import Full
from webhooks.inbox.writer import Inbox
from webhooks.problems import Problem
from webhooks.sources import Speaker, find
from webhooks.sources.events import storable
from webhooks.sources.forgeries import forgeries
from webhooks.sources.rates import charge
from webhooks.sources.snapshot import snapshot

log = structlog.get_logger("webhooks")

RETRY_SOON = 5.0
RETRY_PAUSED = 300.0
ACCEPTED = b'{"received":true}'
# Kept out of the stored headers: they are credentials, ours or the sender's.
SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})


class Ingest:
    """The door for webhooks. `inbox` must be running."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            problem = Problem(405, "method_not_allowed", "This method is not offered here", "Webhooks are posted.")
            return await refuse(send, problem, allow="POST")
        try:
            await self._accept(scope, receive)
        except Reply as reply:
            return await answer(send, 200, reply.body, reply.kind.encode(), {})
        except Problem as problem:
            _tell(scope, problem)
            await refuse(send, problem)
            return None
        return await answer(send, 200, ACCEPTED, b"application/json", {})

    async def _accept(self, scope: Mapping[str, Any], receive: Receive) -> None:
        try:
            source = await _source(scope["path"].removeprefix("/webhooks/"))
            inbound = _inbound(scope, await whole(scope["headers"], receive))
            deliveries = await _genuine(source, inbound)
            charge(source.slug, source.rate)
        except NotConfigured as error:
            raise Problem(404, "unknown_source", "No such webhook source", str(error)) from error
        await self._store(_rows(source, deliveries, inbound))
        metrics.received.add(len(deliveries), source.slug)

    async def _store(self, rows: list[tuple[object, ...]]) -> None:
        if not rows:
            return
        try:
            await self._inbox.store(rows)
        except Full as error:
            raise _come_again("Too much is waiting to be stored.") from error
        except (
            Exception
        ) as error:  # the database's own words are logged by the inbox, and are no business of the sender's
            raise _come_again("The delivery could not be stored.") from error


async def _source(slug: str) -> Speaker:
    """The source that may speak now. Before the first look at the custom ones nobody can say that there is none."""
    try:
        source = find(slug)
    except NotConfigured:
        if snapshot.loaded:
            raise
        await _first_look()
        source = find(slug)
    if source.paused:
        words = "This source is paused. Send it again later."
        raise Problem(503, "source_paused", "Not taken now", words, retry_after=RETRY_PAUSED)
    return source


async def _first_look() -> None:
    try:
        await asyncio.to_thread(_look)
    except Error as error:
        raise _come_again("It is not known yet who may speak.") from error


def _look() -> None:
    try:
        snapshot.refresh()
    finally:
        connection.close()  # the thread is lent, and nobody else would


def _inbound(scope: Mapping[str, Any], body: bytes) -> Inbound:
    headers: dict[str, str] = {}
    for raw, value in scope["headers"]:
        name, text = raw.decode("latin-1"), value.decode("latin-1")
        # A header that is sent again is a list (RFC 9110, 5.3): a second signature cannot hide the first.
        headers[name] = text if name not in headers else ", ".join(filter(None, (headers[name], text)))
    peer = (scope.get("client") or ("",))[0]
    address = str(believed(headers.get("x-forwarded-for", ""), peer))
    return Inbound(body=body, headers=headers, now=timezone.now(), address=address)


async def _genuine(source: Speaker, inbound: Inbound) -> list[Delivery]:
    """What the request says once it is known to be the source's; a `Problem` 400 for any other."""
    try:
        return [storable(delivery) for delivery in await received(source, inbound)]
    except Refused as error:
        if isinstance(error, BadSignature | StaleTimestamp):
            _note_forgery(source, error, inbound)
        raise Problem(400, error.code, "The delivery was refused", str(error)) from error
    except RateLimited as error:
        title, after = "Too much at once: send it again", error.retry_after or RETRY_SOON
        raise Problem(429, "rate_limited", title, str(error), retry_after=after) from error
    except Retryable as error:
        raise _come_again("It cannot be verified right now.", error.retry_after) from error
    except NotConfigured as error:  # there is such a source: its sender must not give up
        raise _come_again("The source has nothing to verify it with right now.", RETRY_PAUSED) from error


def _note_forgery(source: Speaker, error: Refused, inbound: Inbound) -> None:
    metrics.forged.count(source.slug)
    if forgeries.note(source.slug, str(error), inbound, source.proofs):
        log.warning("webhook.forged", source=source.slug, code=error.code, address=inbound.address)


def _tell(scope: Mapping[str, Any], problem: Problem) -> None:
    metrics.refused.count(problem.code)
    if not isinstance(problem.__cause__, BadSignature | StaleTimestamp):  # a forgery has been told of already
        log.warning("webhook.refused", path=scope["path"], status=problem.status, code=problem.code)


def _come_again(detail: str, after: float | None = None) -> Problem:
    return Problem(503, "not_stored", "Not stored: send it again", detail, retry_after=after or RETRY_SOON)


def _rows(source: Speaker, deliveries: list[Delivery], inbound: Inbound) -> list[tuple[object, ...]]:
    secret = SECRET_HEADERS | source.secret_headers
    kept = {name: value for name, value in inbound.headers.items() if name not in secret and "\x00" not in value}
    encoded, identifier = msgspec.json.encode(kept).decode(), request_id()
    return [
        (source.slug, item.external_id, item.kind, item.object_key, encoded, item.body, identifier, inbound.now)
        for item in deliveries
    ]
