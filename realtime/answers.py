"""Refusals in plain ASGI: problem+json, for a request and for a handshake alike."""

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from webhooks.problems import Problem


async def refuse(problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the problem; a server that cannot put words into a refused handshake just closes it."""
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 4000 + problem.status, "reason": problem.title})
        return
    answer = JSONResponse(problem.body(), problem.status, problem.headers(), "application/problem+json")
    await answer(scope, receive, send)
