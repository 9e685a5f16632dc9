"""HTTP/1.1 as uvicorn speaks it, with the head and the body of an answer in one packet, and an end for event streams.

uvicorn writes them one after the other. Each write is a system call that wakes whoever waits for the answer, who finds
half of it: writing was three tenths of all that a webhook costs the event loop, and is one now.
"""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from realtime.asgi import drain

MOST_HELD = 64 * 1024  # bytes: what is more than that is not made cheaper by waiting


class Joined:
    """A transport, of which what is written in one turn of the event loop leaves together."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._held: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)
        self._size += len(data)
        if self._size > MOST_HELD:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._flush()
        self._transport.set_protocol(protocol)

    def _flush(self) -> None:
        if self._held:
            held, self._held, self._size = self._held, [], 0
            self._transport.write(b"".join(held))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Protocol(HttpToolsProtocol):
    """`uvicorn.Config(http=…)` takes it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(cast(asyncio.Transport, Joined(transport)))

    def shutdown(self) -> None:
        """The server is about to wait for open connections: event streams, which never end by themselves, end now."""
        drain()
        super().shutdown()
