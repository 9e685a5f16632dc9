"""How the sandbox is served: uvicorn, with a protocol that lets a fault cut the connection for real."""

import asyncio
import socket
import struct
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

CUT = "patchbay.cut"


class SeverableProtocol(H11Protocol):
    """Puts a function into each request's scope that resets its TCP connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        app = self.app

        async def severable(scope: Any, receive: Any, send: Any) -> None:
            extensions = {**scope.get("extensions", {}), CUT: lambda: _reset(transport)}
            await app({**scope, "extensions": extensions}, receive, send)

        self.app = severable


def _reset(transport: asyncio.Transport) -> None:
    # Lingering for zero seconds makes the kernel send RST in place of an orderly end.
    linger = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()


async def sever(scope: Scope, receive: Receive) -> None:
    """Cut the connection of this request and return when it is gone."""
    scope["extensions"][CUT]()
    await gone(receive)


async def gone(receive: Receive) -> None:
    """Return when the client has gone away."""
    while (await receive())["type"] != "http.disconnect":
        pass


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. `OSError` when the address cannot be had."""
    return socket.create_server((host, port), backlog=256)


def server(app: ASGIApp) -> uvicorn.Server:
    """A server for the sandbox; `run(sockets=[…])` serves until `should_exit` is set or a signal comes."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=SeverableProtocol,
            loop="asyncio",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )
