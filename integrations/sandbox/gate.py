"""The way into a vendor's API: every request is written down, and the fault ordered for it happens."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from starlette._utils import get_route_path
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integrations.credentials import mask
from integrations.sandbox.clock import Clock
from integrations.sandbox.faults import Fault, Faults
from integrations.sandbox.server import gone, sever

STRUCK = "patchbay.fault"
PATIENCE = 120.0
REFUSED = "The sandbox was asked to refuse this request."
Refusal = Callable[[int, str], dict[str, Any]]


class Broken(Exception):
    """The vendor fails in the midst of the work: it answers 500 in its own form."""


async def stumble(scope: Scope) -> None:
    """Where the work of a request begins, and a fault that strikes in its midst happens: `Broken`, or slowness."""
    fault: Fault | None = scope.get(STRUCK)
    if fault and fault.name == "slow":
        await asyncio.sleep(fault.figure)
    elif fault:
        raise Broken


class Gate:
    """Stands before one vendor's API. `refusal` words an error as that vendor would."""

    def __init__(
        self,
        app: ASGIApp,
        provider: str,
        refusal: Refusal,
        faults: Faults,
        traffic: deque[dict[str, Any]],
        clock: Clock,
    ) -> None:
        self._app, self._provider, self._refusal = app, provider, refusal
        self._faults, self._traffic, self._clock = faults, traffic, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _read(receive)
        entry = self._note(scope, body)

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry["status"] = message["status"]
            await send(message)

        fault = self._faults.take(self._provider, scope["method"], get_route_path(scope))
        if fault and fault.works:
            scope[STRUCK] = fault
        await self._act(fault)(scope, _again(body, receive), noted)

    def _note(self, scope: Scope, body: bytes) -> dict[str, Any]:
        """Write the request down. `status` stays null when it gets no answer."""
        headers = dict(Headers(scope=scope))
        if "authorization" in headers:
            scheme, _, key = headers["authorization"].partition(" ")
            headers["authorization"] = f"{scheme} {mask(key)}"
        query = scope["query_string"].decode("latin-1")
        entry = {
            "provider": self._provider,
            "method": scope["method"],
            "path": get_route_path(scope) + (f"?{query}" if query else ""),
            "headers": headers,
            "body": body.decode("utf-8", "replace"),
            "status": None,
            "at": self._clock.now().isoformat(),
        }
        self._traffic.append(entry)
        return entry

    def _act(self, fault: Fault | None) -> ASGIApp:
        if fault is None or fault.works:
            return self._app
        act = {
            "status": self._status,
            "429": self._too_many,
            "timeout": self._timeout,
            "reset": self._reset,
            "drop_reply": self._drop_reply,
            "garbage": self._garbage,
        }[fault.name]
        return lambda scope, receive, send: act(fault, scope, receive, send)

    async def _status(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        body = self._refusal(int(fault.figure), REFUSED)
        await JSONResponse(body, int(fault.figure))(scope, receive, send)

    async def _too_many(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {"Retry-After": str(int(fault.figure))}
        await JSONResponse(self._refusal(429, REFUSED), 429, headers)(scope, receive, send)

    async def _timeout(self, _fault: Fault, scope: Scope, receive: Receive, _send: Send) -> None:
        try:
            await asyncio.wait_for(gone(receive), PATIENCE)
        except TimeoutError:
            await sever(scope, receive)

    async def _reset(self, _fault: Fault, scope: Scope, receive: Receive, _send: Send) -> None:
        await sever(scope, receive)

    async def _drop_reply(self, _fault: Fault, scope: Scope, receive: Receive, _send: Send) -> None:
        await self._app(scope, receive, _swallow)
        await sever(scope, receive)

    async def _garbage(self, _fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """The work is done, and a proxy on the way back mangles the answer."""
        await self._app(scope, receive, _swallow)
        await HTMLResponse('<html><body>upstr\ufffd{"id": ')(scope, receive, send)


async def _swallow(_message: Message) -> None:
    """Where an answer goes that nobody will hear."""


async def _read(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def _again(body: bytes, receive: Receive) -> Receive:
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay
