"""The server's threads are for requests that are here: slow senders and slow readers take none."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from django.conf import settings

from config.asgi import Patchbay
from config.bodies import Whole
from webhooks.inbox.bodies import MAX_BODY

ENOUGH = 20  # seconds: far more than an answer takes on a busy machine


class Exchange:
    """One request whose body comes in `chunks` and never ends unless `ends`, and what it was answered."""

    def __init__(self, *chunks: bytes, method: str = "POST", path: str = "/auth/login", ends: bool = True) -> None:
        announced = [] if ends else [(b"content-length", b"100")]
        self.scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "http_version": "1.1",
            "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json"), *announced],
        }
        self._left = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
        if ends:
            self._left.append({"type": "http.request", "body": b"", "more_body": False})
        self.status, self.headers, self.body = 0, {}, b""

    async def receive(self) -> Any:
        if not self._left:
            await asyncio.Event().wait()
        return self._left.pop(0)

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        self.body += message.get("body", b"")


class Reader(Exchange):
    """Somebody who asks, and never reads the answer."""

    async def send(self, _message: Any) -> None:
        await asyncio.Event().wait()


def page_beside(crowd: list[Exchange]) -> Exchange:
    """What somebody who asks for a page is answered while the crowd is at it."""
    patchbay, wanted = Patchbay(), Exchange(method="GET", path="/docs/problems")

    async def together() -> None:
        waiting = [asyncio.create_task(patchbay(one.scope, one.receive, one.send)) for one in crowd]
        await asyncio.sleep(0)  # all of them begin before `wanted` does
        async with asyncio.timeout(ENOUGH):
            await patchbay(wanted.scope, wanted.receive, wanted.send)
        for task in waiting:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await asyncio.to_thread(patchbay._threads.executor.shutdown)

    asyncio.run(together())
    return wanted


def crowd(kind: type[Exchange], *chunks: bytes, **how: Any) -> list[Exchange]:
    return [kind(*chunks, **how) for _ in range(settings.WEB_THREADS)]


@pytest.mark.django_db(transaction=True)
def test_half_sent_bodies_keep_nobody_waiting() -> None:
    assert page_beside(crowd(Exchange, b"{", ends=False)).status == 200


@pytest.mark.django_db(transaction=True)
def test_readers_that_do_not_read_keep_nobody_waiting() -> None:
    big = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"
    assert page_beside(crowd(Reader, method="GET", path=big)).status == 200


def test_the_server_says_that_it_lives_without_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    patchbay = Patchbay()
    monkeypatch.setattr(patchbay, "_threads", None)
    asked = Exchange(method="GET", path="/livez")
    asyncio.run(patchbay(asked.scope, asked.receive, asked.send))
    assert (asked.status, asked.body) == (200, b'{"status": "ok"}')


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with what Django would see: the announced length, and the body."""
    message = await receive()
    assert not message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": scope["headers"]})
    await send({"type": "http.response.body", "body": message["body"]})


def through(asked: Exchange) -> Exchange:
    asyncio.run(Whole(echo, patience=0.05)(asked.scope, asked.receive, asked.send))
    return asked


def test_a_body_in_chunks_arrives_as_one_with_its_length() -> None:
    asked = through(Exchange(b'{"a":', b" 1}"))
    assert asked.body == b'{"a": 1}'
    assert asked.headers[b"content-length"] == b"8"


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        (Exchange(b"{", ends=False), 408, b"body_timeout"),
        (Exchange(b"x" * MAX_BODY, b"x"), 413, b"too_large"),
    ],
)
def test_what_is_too_slow_or_too_large_is_refused_in_words(asked: Exchange, status: int, code: bytes) -> None:
    through(asked)
    assert asked.status == status
    assert asked.headers[b"content-type"] == b"application/problem+json"
    assert b'"code": "' + code in asked.body


def test_the_connection_of_a_body_that_never_came_is_given_up() -> None:
    assert through(Exchange(b"{", ends=False)).headers[b"connection"] == b"close"
