"""The outermost layer of the server: a request id for every exchange, and one log line when it ends."""

import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import structlog

from config.metrics import requests
from integrations import tracing
from integrations.correlation import accept, correlate

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

log = structlog.get_logger("request")

HEADER = b"x-request-id"
ANSWERS = ("http.response.start", "websocket.accept", "websocket.http.response.start")
# Asked every few seconds by machines: a line each would drown the others.
UNREMARKABLE = ("/livez", "/readyz", "/metrics", "/static/")
# A socket that was let in has a line of its own when it ends, `socket.closed`.
SWITCHED = 101
CLASSES = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")


class Access:
    """Gives each HTTP exchange and WebSocket its request id, in the answer's headers and in every log line."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        given = next((value for name, value in scope["headers"] if name == HEADER), b"")
        with correlate(accept(given.decode("latin-1"))) as identifier:
            exchange = Exchange(scope, send, identifier)
            with _span(scope) if tracing.on() else nullcontext():
                try:
                    await self._app(scope, receive, exchange.send)
                finally:
                    exchange.end()


def _span(scope: Scope) -> AbstractContextManager[None]:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return tracing.serving(scope.get("method", "WS"), scope["path"], headers)


class Exchange:
    """One request on its way through: adds the header to the answer and remembers its status."""

    def __init__(self, scope: Scope, send: Send, identifier: str) -> None:
        self._scope, self._send = scope, send
        self._identifier = identifier.encode()
        self._started = time.perf_counter()
        self._status = 0

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] in ANSWERS:
            self._status = message.get("status", SWITCHED)
            message["headers"] = [*message.get("headers", []), (HEADER, self._identifier)]
        await self._send(message)

    def end(self) -> None:
        requests.count(CLASSES[self._status // 100])
        tracing.annotate(self._status or None, "server_error" if self._status >= 500 else "")
        self._log()

    def _log(self) -> None:
        if self._status == SWITCHED:
            return
        path = self._scope["path"]
        if path.startswith(UNREMARKABLE) and self._status < 400:
            return
        broken = log.warning if path == "/readyz" else log.error  # not to be ready yet is no fault
        write = broken if self._status >= 500 else log.info
        write(
            "request",
            method=self._scope.get("method", "WS"),
            path=path,
            status=self._status,
            ms=round((time.perf_counter() - self._started) * 1000, 1),
        )
