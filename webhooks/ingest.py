"""`POST /webhooks/{slug}` as a plain ASGI application: verify, store once, answer; think later.

Django's handler is not on this path: what was measured of it is in docs/decisions/0002.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from django.utils import timezone

from integrations import registry
from integrations.contract import Delivery, Inbound
from integrations.correlation import request_id
from integrations.errors import NotConfigured, Refused
from webhooks import metrics
from webhooks.inbox import Full, Inbox
from webhooks.problems import Problem

log = structlog.get_logger("webhooks")

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

MAX_BODY = 1 << 20
MAX_DRAINED = 16 << 20
RETRY_SOON = 5.0
LONGEST = 255
ACCEPTED = b'{"received":true}'
# Kept out of the stored headers: they are credentials, ours or the sender's.
SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})


class Ingest:
    """The door for webhooks. `inbox` must be running."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        try:
            await self._accept(scope, receive)
        except Problem as problem:
            log.warning("webhook.refused", path=scope["path"], status=problem.status, code=problem.code)
            metrics.refused.count(problem.code)
            body = json.dumps(problem.body()).encode()
            await _answer(send, problem.status, body, b"application/problem+json", problem.headers())
            return
        await _answer(send, 200, ACCEPTED, b"application/json", {})

    async def _accept(self, scope: Mapping[str, Any], receive: Receive) -> None:
        slug = scope["path"].removeprefix("/webhooks/")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            provider = registry.source(slug)
            body = await _body(headers, receive)
            inbound = Inbound(body=body, headers=headers, now=timezone.now())
            deliveries = [_storable(delivery) for delivery in provider.receive(inbound)]
        except NotConfigured as error:
            raise Problem(404, "unknown_source", "No such webhook source", str(error)) from error
        except Refused as error:
            raise Problem(400, error.code, "The delivery was refused", str(error)) from error
        await self._store(_rows(slug, deliveries, headers, inbound))
        for _ in deliveries:
            metrics.received.count(slug)

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


def _come_again(detail: str) -> Problem:
    return Problem(503, "not_stored", "Not stored: send it again", detail, retry_after=RETRY_SOON)


async def _body(headers: Mapping[str, str], receive: Receive) -> bytes:
    """The raw bytes. What is too large is read to its end and thrown away, for a client that is still sending
    sees a cut connection instead of the answer; past `MAX_DRAINED` it may."""
    announced = headers.get("content-length", "")
    if announced.isdigit() and int(announced) > MAX_DRAINED:
        raise _too_large()
    kept, size, more = bytearray(), 0, True
    while more and size <= MAX_DRAINED:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(400, "incomplete", "The connection ended before the body did")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= MAX_BODY:
            kept += chunk
        more = message.get("more_body", False)
    if size > MAX_BODY:
        raise _too_large()
    return bytes(kept)


def _too_large() -> Problem:
    return Problem(413, "too_large", "The body is too large", "A webhook may have 1 MiB.")


def _storable(delivery: Delivery) -> Delivery:
    """`Refused` for ids that no column holds: too long, or with a NUL, which PostgreSQL does not store."""
    for value in (delivery.external_id, delivery.kind, delivery.object_key):
        if len(value) > LONGEST or "\x00" in value or not value.isprintable():
            raise Refused("an id in the body is not one we can keep")
    return delivery


def _rows(
    slug: str, deliveries: list[Delivery], headers: Mapping[str, str], inbound: Inbound
) -> list[tuple[object, ...]]:
    kept = {name: value for name, value in headers.items() if name not in SECRET_HEADERS and "\x00" not in value}
    encoded, identifier = json.dumps(kept), request_id()
    return [
        (slug, item.external_id, item.kind, item.object_key, encoded, item.body, identifier, inbound.now)
        for item in deliveries
    ]


async def _answer(send: Send, status: int, body: bytes, kind: bytes, headers: Mapping[str, str]) -> None:
    extra = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    basics = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": basics + extra})
    await send({"type": "http.response.body", "body": body})
