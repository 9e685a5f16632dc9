"""One try at an endpoint that means ill: it costs us little, leaves nothing behind, and comes to an end."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.webhooks.endpoints.receiver import Answer, Receiver
from webhooks.endpoints import carrying
from webhooks.endpoints.carrying import carry
from webhooks.endpoints.network import client, system_resolver
from webhooks.endpoints.parcels import Outcome, Parcel


@contextmanager
def answering(*pieces: bytes, pause: float = 0.0, hangs: bool = False) -> Iterator[str]:
    """A server that takes one request and answers it with these bytes, piece by piece; its URL."""
    listener, over = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def serve() -> None:
        with listener, listener.accept()[0] as connection:
            received = b""
            while not received.endswith(b"{}"):  # closing on what is unread would cut what was sent
                received += connection.recv(65536)
            try:
                for piece in pieces:
                    connection.sendall(piece)
                    time.sleep(pause)
            except OSError:
                return  # the sender has heard enough
            if hangs:
                over.wait(60)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    over.set()
    thread.join(60)


def parcel(url: str) -> Parcel:
    return Parcel(
        message=1, endpoint=1, owner=1, number=1, tries=0, is_test=False, failing=False, request_id="", url=url,
        headers={}, body=b"{}",
    )  # fmt: skip


def carried(url: str, seconds: float = 60.0) -> Outcome:
    async def send() -> Outcome:
        async with client(system_resolver(), 10) as http:
            return await carry(http, parcel(url), seconds)

    return asyncio.run(send())


def test_a_cookie_of_one_customers_server_is_never_brought_to_another(receiver: Receiver) -> None:
    receiver.usual = Answer(headers={"Set-Cookie": "session=of-the-first; Path=/"})

    async def twice() -> None:
        async with client(system_resolver(), 10) as http:
            for path in ("first", "second"):
                await carry(http, parcel(f"{receiver.url}/{path}"), 60)

    asyncio.run(twice())
    assert len(receiver.received) == 2
    assert not any("cookie" in one.headers for one in receiver.received)


def test_an_answer_in_crumbs_is_masked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Masking takes milliseconds, and the loop is everybody's."""
    lengths = []
    real = carrying.masked

    def masked(text: Any, most: int = 0) -> str:
        lengths.append(len(text))
        return real(text, most)

    monkeypatch.setattr(carrying, "masked", masked)
    head = b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n"
    with answering(head, *[b"1\r\nx\r\n"] * 300, b"0\r\n\r\n", pause=0.0005) as url:
        outcome = carried(url)
    assert (outcome.status, outcome.body) == (500, "x" * 300)
    assert lengths.count(300) == 1
    assert len(lengths) < 10


def test_what_was_said_before_the_time_was_over_is_kept() -> None:
    head = b"HTTP/1.1 503 No\r\nContent-Length: 100\r\n\r\n"
    with answering(head, b"half of it", hangs=True) as url:
        outcome = carried(url, 1.0)
    assert (outcome.code, outcome.status, outcome.body) == ("status_503", 503, "half of it")


def test_2xx_counts_although_its_body_never_ends() -> None:
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", b"half", hangs=True) as url:
        outcome = carried(url, 1.0)
    assert (outcome.ok, outcome.status, outcome.body) == (True, 200, "half")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"", "bad_answer"),
        (b"220 smtp.example ESMTP\r\n", "bad_answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "bad_answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", ""),
        (b"HTTP/1.1 999 What\r\n\r\n", "status_999"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n", "bad_answer"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 50 + b"HTTP/1.1 204 No\r\n\r\n", ""),
        (b"HTTP/1.1 500 No\r\n" + b"X-A: b\r\n" * 4000 + b"\r\n", "status_500"),
        (b"HTTP/1.1 500 No\r\nX-Long: " + b"a" * 300_000 + b"\r\n\r\n", "bad_answer"),
    ],
)
def test_any_bytes_are_an_outcome(answer: bytes, code: str) -> None:
    with answering(answer) as url:
        outcome = carried(url)
    assert outcome.code == code
    assert len(outcome.headers) <= carrying.MOST_HEADERS
