"""A request's body, read to its end on the event loop, so that no thread waits for a slow sender."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from webhooks.problems import Problem

Receive = Callable[[], Awaitable[Any]]

MAX_BODY = 1 << 20
MAX_DRAINED = 16 << 20
PATIENCE = 10.0  # seconds for the whole body to arrive


async def whole(headers: Iterable[tuple[bytes, bytes]], receive: Receive, patience: float = PATIENCE) -> bytes:
    """The raw bytes, or the `Problem` that kept them from us: 400 cut off, 408 too slow, 413 too large.

    What is too large is read to its end and thrown away, for a client that is still sending sees a cut connection
    instead of the answer; past `MAX_DRAINED` it may.
    """
    announced = next((value for name, value in headers if name == b"content-length"), b"")
    if announced.isdigit() and int(announced) > MAX_DRAINED:
        raise _too_large()
    first = _at_once(receive)
    if first and not first.get("more_body"):
        return await _read(receive, first)
    try:
        async with asyncio.timeout(patience):
            return await _read(receive, first or await receive())
    except TimeoutError:
        detail = f"It has {patience:.0f} seconds. Send it again."
        raise Problem(408, "body_timeout", "The body did not arrive in time", detail) from None


def _at_once(receive: Receive) -> Any:
    """The first message if it is there already, as nearly always: a timer would cost more than the reading does."""
    waiting = receive().__await__()
    try:
        next(waiting)
    except StopIteration as here:
        return here.value
    waiting.close()  # nothing has been taken: it is waited for anew
    return None


async def _read(receive: Receive, message: Any) -> bytes:
    kept, size = bytearray(), 0
    while True:
        if message["type"] == "http.disconnect":
            raise Problem(400, "incomplete", "The connection ended before the body did")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= MAX_BODY:
            kept += chunk
        if size > MAX_DRAINED or not message.get("more_body", False):
            break
        message = await receive()
    if size > MAX_BODY:
        raise _too_large()
    return bytes(kept)


def _too_large() -> Problem:
    return Problem(413, "too_large", "The body is too large", "It may have 1 MiB.")
