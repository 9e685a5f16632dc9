"""The event stream at `GET /events`: the WebSocket's events for those who cannot or need not talk back."""

import asyncio

import structlog
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from realtime import frames
from realtime.admission import enter
from realtime.answers import refuse
from realtime.hub import Hub
from realtime.limits import Close
from realtime.listener import Listener
from realtime.races import first_of, patiently
from webhooks.problems import Problem

logger = structlog.get_logger("realtime")

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]


async def sse(scope: Scope, receive: Receive, send: Send) -> None:
    """Admit, then stream until the client goes or its sign-in ends; it comes back by itself with `Last-Event-ID`."""
    try:
        if scope["method"] != "GET":
            raise MethodNotAllowed
        hub, listener, identity = await enter(scope)
    except Problem as problem:
        await refuse(problem, scope, receive, send)
        return
    code = Close.GONE
    listener.expire_in(identity.seconds_left)
    try:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await _start(hub, listener, _last_event_id(scope))
        code = await first_of(_gone(receive), _pour(hub, listener, send), _beat(hub, listener), listener.closed)
    finally:
        hub.leave(listener)
        logger.info("events.closed", stream=listener.watch.key, code=int(code))
    if code is not Close.GONE:
        await patiently(send({"type": "http.response.body", "body": b""}), hub.limits.send)


class MethodNotAllowed(Problem):
    """Only GET makes sense here."""

    def __init__(self) -> None:
        super().__init__(405, "method_not_allowed", "Method not allowed", "Events are read with GET.")

    def headers(self) -> dict[str, str]:
        return {"Allow": "GET"}


def _last_event_id(scope: Scope) -> str:
    connection = HTTPConnection(scope)
    return connection.headers.get("Last-Event-ID") or connection.query_params.get("last_event_id", "")


async def _start(hub: Hub, listener: Listener, last: str) -> None:
    if last:
        epoch, _, seq = last.partition("-")
        # What is no number of ours is no place in the log, so it is answered with a reset.
        await hub.rewind(listener, epoch, int(seq) if seq.isascii() and seq.isdigit() and len(seq) < 20 else -1)
    listener.post(frames.hello(listener.watch.epoch, listener.seq, hub.limits.heartbeat))
    hub.follow(listener)


async def _gone(receive: Receive) -> Close:
    while (await receive())["type"] != "http.disconnect":
        pass
    return Close.GONE


async def _pour(hub: Hub, listener: Listener, send: Send) -> Close:
    while True:
        frame = await listener.mailbox.take()
        sending = send({"type": "http.response.body", "body": frame.sse, "more_body": True})
        if (failure := await patiently(sending, hub.limits.send)) is not None:
            return failure


async def _beat(hub: Hub, listener: Listener) -> Close:
    while True:
        await asyncio.sleep(hub.limits.heartbeat)
        listener.post(frames.PING)
