"""What the plain ASGI applications answer with."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from webhooks.problems import Problem

Send = Callable[[Any], Awaitable[None]]


async def answer(send: Send, status: int, body: bytes, kind: bytes, headers: Mapping[str, str]) -> None:
    """One answer with its whole body; `kind` is its content type."""
    extra = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    basics = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": basics + extra})
    await send({"type": "http.response.body", "body": body})


async def refuse(send: Send, problem: Problem, **more: str) -> None:
    """The problem as problem+json; a body that never arrived leaves nothing to keep the connection for."""
    headers = problem.headers() | more | ({"Connection": "close"} if problem.status == 408 else {})
    await answer(send, problem.status, json.dumps(problem.body()).encode(), b"application/problem+json", headers)
