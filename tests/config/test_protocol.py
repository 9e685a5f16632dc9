"""An answer leaves in one packet; nothing is held back beyond the turn, or beyond what is worth waiting for."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast

import uvicorn
from uvicorn.server import ServerState

from config.protocol import MOST_HELD, Joined, Protocol


@dataclass
class Wire:
    """A transport that remembers what reached it, and how."""

    packets: list[bytes] = field(default_factory=list)
    ended: bool = False
    protocol: Any = None

    def write(self, data: bytes) -> None:
        self.packets.append(bytes(data))

    def close(self) -> None:
        self.ended = True

    def set_protocol(self, protocol: Any) -> None:
        self.protocol = protocol

    def is_closing(self) -> bool:
        return self.ended

    def get_extra_info(self, _name: str) -> Any:
        return None

    def pause_reading(self) -> None:
        pass

    resume_reading = pause_reading


def after(work: Callable[[Joined], None], turns: int = 0) -> Wire:
    """The wire as it is when the event loop has turned so many times after the work."""
    wire = Wire()

    async def run() -> Wire:
        work(Joined(cast(Any, wire)))
        for _ in range(turns):
            await asyncio.sleep(0)
        return replace(wire, packets=[*wire.packets])

    return asyncio.run(run())


def written(*parts: bytes) -> Callable[[Joined], None]:
    def work(joined: Joined) -> None:
        for part in parts:
            joined.write(part)

    return work


def test_what_is_written_in_one_turn_leaves_together_with_the_next() -> None:
    assert after(written(b"head", b"body")).packets == []
    assert after(written(b"head", b"body"), turns=1).packets == [b"headbody"]


def test_what_is_large_is_not_held_back() -> None:
    large = bytes(MOST_HELD)
    wire = after(written(b"head", large))
    assert wire.packets == [b"head" + large]


def test_nothing_is_lost_at_the_end_and_the_end_comes_last() -> None:
    def work(joined: Joined) -> None:
        joined.write(b"the last words")
        joined.close()

    wire = after(work)
    assert (wire.packets, wire.ended) == ([b"the last words"], True)


def test_who_takes_the_connection_over_finds_nothing_waiting() -> None:
    def work(joined: Joined) -> None:
        joined.write(b"101")
        joined.set_protocol(cast(Any, "websocket"))

    wire = after(work)
    assert (wire.packets, wire.protocol) == ([b"101"], "websocket")


async def _hello(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


def test_an_answer_of_the_server_is_one_packet() -> None:
    wire = Wire()

    async def run() -> None:
        config = uvicorn.Config(_hello, http=Protocol, log_config=None, lifespan="off")
        config.load()
        protocol = Protocol(config=config, server_state=ServerState(), app_state={})
        protocol.connection_made(cast(Any, wire))
        protocol.data_received(b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n")
        for _ in range(5):
            await asyncio.sleep(0)
        protocol.connection_lost(None)

    asyncio.run(run())
    assert len(wire.packets) == 1
    assert wire.packets[0].startswith(b"HTTP/1.1 200 OK\r\n")
    assert wire.packets[0].endswith(b"\r\n\r\nhello")
