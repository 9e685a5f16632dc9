"""Django's pages and API over a bounded pool of threads, none of which waits for whoever reads an answer.

An answer that is whole is queued whole. One that is streamed (a file, an export) is made a portion at a time and only
as fast as it is read: between two portions it holds neither a thread nor more memory than one of them.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextvars import copy_context
from functools import partial
from typing import Any

from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi import WSGIResponder
from django.db import close_old_connections

from config.access import Receive, Scope, Send

InThread = Callable[..., asyncio.Future[Any]]
PORTION = 256 << 10  # bytes that are made at one go, and one piece beyond them


class Threads(WSGIMiddleware):
    """A WSGI application as an ASGI one."""

    def __init__(self, app: Any, workers: int) -> None:
        super().__init__(app, workers=workers, send_queue_size=0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # type: ignore[override]
        await Responder(self.app, self.executor, self.send_queue_size)(scope, receive, send)


class Responder(WSGIResponder):
    """One exchange. What the application streams is left over once its thread is given back."""

    _stream: Any = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # type: ignore[override]
        in_thread: InThread = partial(self.loop.run_in_executor, self.executor, copy_context().run)  # type: ignore[arg-type]
        try:
            await super().__call__(scope, receive, send)  # type: ignore[arg-type]
            if self._stream is not None:
                await _pass_on(iter(self._stream), in_thread, receive, send)
        finally:
            if self._stream is not None:
                await in_thread(self._stream.close)

    def wsgi(self, environ: Any, start_response: Any) -> None:
        answer: Any = self.app(environ, start_response)
        if getattr(answer, "streaming", False):
            self._stream = answer
            return
        try:
            for piece in answer:
                self.send({"type": "http.response.body", "body": piece, "more_body": True})
            self.send({"type": "http.response.body", "body": b""})
        finally:
            answer.close()


async def _pass_on(pieces: Iterator[bytes], in_thread: InThread, receive: Receive, send: Send) -> None:
    """Make and send one portion after the other, until there is none or nobody is there."""
    gone = asyncio.ensure_future(_leaves(receive))
    making: asyncio.Future[bytes] = in_thread(_portion, pieces)
    try:
        while (portion := await asyncio.shield(making)) and not gone.done():
            await send({"type": "http.response.body", "body": portion, "more_body": True})
            making = in_thread(_portion, pieces)
        await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()
        await asyncio.wait({making})  # whoever is still at it must not find the answer closed


def _portion(pieces: Iterator[bytes]) -> bytes:
    """The next pieces, enough to be worth a thread's while; nothing at the end."""
    close_old_connections()  # no request begins here, and the database may have gone away since this thread's last one
    portion = bytearray()
    for piece in pieces:
        portion += piece
        if len(portion) >= PORTION:
            break
    return bytes(portion)


async def _leaves(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
