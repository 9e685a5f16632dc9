"""A server with the real hub on a port of its own, and clients that speak the protocol to it."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import uvicorn
from django.db import connections, transaction
from django.test import Client
from websockets.sync.client import ClientConnection, connect

from config.protocol import Protocol
from integrations.ports import Event
from realtime import asgi, tickets
from realtime.hub import Hub
from realtime.identity import Identity
from realtime.limits import Limits
from realtime.sink import remember

PATIENCE = 60


def event(user: int | None = 1, name: str = "order.paid", **data: Any) -> Event:
    return Event(id=uuid4().hex, name=name, about="order:1", data=data, at=datetime.now(UTC), user=user)


def tell(*events: Event) -> None:
    """Remember the events as the relay does: each in a transaction of its own."""
    for one in events:
        with transaction.atomic():
            remember(one)


def aside(work: Callable[..., Any], *args: Any) -> None:
    """Do the work in another thread, which closes its connection: an event loop may be running in this one."""

    def tidily() -> None:
        try:
            work(*args)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(tidily).result()


@dataclass
class Server:
    """A running server; `hub` is its hub, living on `loop`."""

    port: int
    hub: Hub
    loop: asyncio.AbstractEventLoop

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def path(self, path: str, user: int = 1, *, is_staff: bool = False, expires_at: datetime | None = None) -> str:
        ticket = tickets.issue(Identity(user, is_staff, expires_at))
        return f"{path}{'&' if '?' in path else '?'}ticket={ticket}"

    @contextmanager
    def connect(self, path: str = "", **options: Any) -> Iterator["Peer"]:
        with connect(f"ws://{self.host}{path or self.path('/ws')}", **options) as socket:
            yield Peer(socket)

    def watches(self) -> list[str]:
        """The streams the hub has listeners for, asked on its own loop."""
        answer: Future[list[str]] = Future()
        self.loop.call_soon_threadsafe(lambda: answer.set_result(list(self.hub._watches)))
        return answer.result(PATIENCE)

    def forgets(self) -> bool:
        """Whether the hub comes to have no listeners."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if not self.watches():
                return True
        return False


class Peer:
    """A client of the WebSocket that answers pings, and reads frames in order."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def receive(self) -> dict[str, Any]:
        """The next frame that is not a ping."""
        while (frame := json.loads(self.socket.recv(PATIENCE)))["type"] == "ping":
            self.send(type="pong")
        return frame

    def receive_events(self, count: int) -> list[dict[str, Any]]:
        frames = [self.receive() for _ in range(count)]
        assert {frame["type"] for frame in frames} <= {"event"}
        return frames

    def send(self, **frame: Any) -> None:
        self.socket.send(json.dumps(frame))

    def resume(self, epoch: str, seq: int) -> None:
        self.send(type="resume", epoch=epoch, seq=seq)


class App:
    """The least composition: the WebSocket, the event stream, and their hub."""

    def __init__(self, hub: Hub, pages: Any, *, sockets: bool) -> None:
        self._hub, self._pages, self._sockets = hub, pages, sockets
        self.started = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            async with self._hub.running():
                await send({"type": "lifespan.startup.complete"})
                self.started.set()
                await receive()
            await send({"type": "lifespan.shutdown.complete"})
        elif scope["type"] == "websocket":
            scope["path"] = scope["path"] if self._sockets else "/not-here"
            await asgi.websocket(scope, receive, send)
        elif scope["path"] == "/events":
            await asgi.sse(scope, receive, send)
        else:
            await self._pages(scope, receive, send)


@contextmanager
def serving(limits: Limits, pages: Any = None, *, port: int = 0, sockets: bool = True) -> Iterator[Server]:
    """A server in a thread, for as long as the context lasts; `pages` is the ASGI app behind every other path."""
    hub = Hub(limits)
    with closing(socket.create_server(("127.0.0.1", port))) as listening:
        app = App(hub, pages, sockets=sockets)
        server = uvicorn.Server(uvicorn.Config(app, http=Protocol, log_config=None, timeout_graceful_shutdown=PATIENCE))
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_until_complete, args=[server.serve([listening])])
        thread.start()
        assert app.started.wait(PATIENCE)
        yield Server(listening.getsockname()[1], hub, loop)
        server.should_exit = True
        thread.join(PATIENCE)
        loop.close()
    connections.close_all()


# Patient where a slow machine must not fail a test, quick where a test waits for it.
LIMITS = replace(Limits(), hold=0.05)


@pytest.fixture
def server(transactional_db: None) -> Iterator[Server]:
    with serving(LIMITS) as running:
        yield running


@pytest.fixture
def waiting_server(transactional_db: None) -> Iterator[Server]:
    """It tells nothing before it is asked to resume, however long that takes."""
    with serving(replace(LIMITS, hold=PATIENCE)) as running:
        yield running


@pytest.fixture
def person(transactional_db: None, django_user_model: Any) -> Any:
    return django_user_model.objects.create_user("ada@example.com", "a long password")


@pytest.fixture
def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client
