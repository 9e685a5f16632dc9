"""What the server mounts: the WebSocket, the event stream, and the hub they share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from channels.routing import URLRouter
from django.urls import path, re_path
from starlette.types import Receive, Scope, Send

from realtime.answers import refuse
from realtime.hub import Hub, running
from realtime.origin import SameOrigin
from realtime.sse import sse
from realtime.websocket import socket
from webhooks.problems import Problem

__all__ = ["drain", "lifespan", "sse", "websocket"]


@asynccontextmanager
async def lifespan() -> AsyncIterator[Hub]:
    """The hub runs on this event loop for as long as the context lasts."""
    async with Hub().running() as hub:
        yield hub


async def nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    """There is one WebSocket, and this is not it."""
    await refuse(Problem(404, "not_found", "Not found", "The WebSocket is at /ws."), scope, receive, send)


def drain() -> None:
    """End every connection there is; for the server to call before it waits for them, since event streams never end."""
    for hub in running():
        hub.drain()


async def websocket(scope: Scope, receive: Receive, send: Send) -> None:
    """Whatever asks for a WebSocket, from our own pages or with a ticket."""
    ours = dict(scope)
    # The server logs the query as it accepts, and a ticket is none of the log's business.
    scope["query_string"] = b""
    await _sockets(ours, receive, send)


# Django's types know views only; Channels routes ASGI applications by the same patterns.
_sockets = SameOrigin(URLRouter([path("ws", cast(Any, socket)), re_path("", cast(Any, nowhere))]))
