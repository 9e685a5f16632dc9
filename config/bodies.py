"""Before a thread is taken for a request: its whole body is here, or it has been refused."""

from config.access import App, Receive, Scope, Send
from webhooks.inbox.bodies import PATIENCE, whole
from webhooks.inbox.plain import refuse
from webhooks.problems import Problem


class Whole:
    """Hands a request on with its body in one message; who sends half of one costs a socket, and no thread."""

    def __init__(self, app: App, patience: float = PATIENCE) -> None:
        self._app, self._patience = app, patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await whole(scope["headers"], receive, self._patience)
        except Problem as problem:
            await refuse(send, problem)
            return
        # Django reads no more than is announced, and of a body sent in chunks nothing is.
        others = [header for header in scope["headers"] if header[0] not in (b"content-length", b"transfer-encoding")]
        scope["headers"] = [*others, (b"content-length", str(len(body)).encode())]
        await self._app(scope, _once(body, receive), send)


def _once(body: bytes, receive: Receive) -> Receive:
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def give() -> object:
        return next(messages, None) or await receive()

    return give
