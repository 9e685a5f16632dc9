"""`POST /webhooks/{slug}` as a plain ASGI application: verify, store once, answer; think later.

Django's handler is not on this path: what was measured of it is in docs/decisions/0002.
"""

import json
from collections.abc import Mapping
from typing import Any

import structlog
from django.utils import timezone

from integrations import registry
from integrations.contract import Delivery, Inbound
from integrations.correlation import request_id
from integrations.errors import NotConfigured, Refused
from webhooks import metrics
from webhooks.bodies import Receive, whole
from webhooks.inbox import Full, Inbox
from webhooks.plain import Send, answer, refuse
from webhooks.problems import Problem

log = structlog.get_logger("webhooks")

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
        if scope["method"] != "POST":
            problem = Problem(405, "method_not_allowed", "This method is not offered here", "Webhooks are posted.")
            return await refuse(send, problem, allow="POST")
        try:
            await self._accept(scope, receive)
        except Problem as problem:
            log.warning("webhook.refused", path=scope["path"], status=problem.status, code=problem.code)
            metrics.refused.count(problem.code)
            await refuse(send, problem)
            return None
        return await answer(send, 200, ACCEPTED, b"application/json", {})

    async def _accept(self, scope: Mapping[str, Any], receive: Receive) -> None:
        slug = scope["path"].removeprefix("/webhooks/")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            provider = registry.source(slug)
            body = await whole(scope["headers"], receive)
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


def _storable(delivery: Delivery) -> Delivery:
    """`Refused` for ids that no column holds: too long, or with a NUL, which PostgreSQL does not store; or none."""
    if not delivery.external_id or not delivery.kind:
        raise Refused("the body does not say which event it is")
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
