"""Who may connect, and to which stream: the same answer for a WebSocket and for an event stream."""

from django.conf import settings
from django.db import Error
from starlette.requests import HTTPConnection
from starlette.types import Scope

from realtime import hub as hubs
from realtime import tickets
from realtime.hub import Hub
from realtime.identity import Identity, from_session, from_token
from realtime.listener import Listener
from realtime.sink import STAFF, user_stream
from webhooks.problems import Problem


async def enter(scope: Scope) -> tuple[Hub, Listener, Identity]:
    """A listener for whoever connects; `Problem` 401, 403, 404, or 503 when we cannot tell just now."""
    hub = hubs.current()
    try:
        identity, key = await hub.database.run(admit, HTTPConnection(scope))
        return hub, await hub.open(key), identity
    except Error as error:
        raise Problem(503, "unavailable", "Not available just now", retry_after=2) from error


def admit(connection: HTTPConnection) -> tuple[Identity, str]:
    """Who connects, and the key of the stream they asked for; `Problem` 401, 403 or 404 when they may not."""
    identity = _identify(connection)
    if identity is None or identity.seconds_left <= 0:
        words = "Sign in, or bring a fresh ticket or token: a ticket opens one connection, within 30 seconds."
        raise Problem(401, "not_authenticated", "Not signed in", words)
    return identity, _stream(identity, connection.query_params.get("stream", ""))


def _identify(connection: HTTPConnection) -> Identity | None:
    if ticket := connection.query_params.get("ticket"):
        return tickets.redeem(ticket)
    scheme, _, token = connection.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return from_token(token.strip())
    return from_session(connection.cookies.get(settings.SESSION_COOKIE_NAME, ""))


def _stream(identity: Identity, asked: str) -> str:
    if not asked:
        return user_stream(identity.user_id)
    if asked != STAFF:
        raise Problem(404, "unknown_stream", "Unknown stream", "Ask for stream=staff, or for none to get your own.")
    if not identity.is_staff:
        raise Problem(403, "forbidden", "Not allowed", "Only staff may read the staff's stream.")
    return STAFF
