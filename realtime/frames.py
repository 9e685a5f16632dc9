"""The words between server and client: each frame is serialised once, however many sockets it goes to."""

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from realtime.models import StreamEvent

LARGEST_FROM_CLIENT = 32 * 1024


class BadFrame(Exception):
    """The client sent something we cannot take; the message is for its developer."""


class Frame:
    """One message to clients: `text` for a WebSocket, `sse` for an event stream; `size` in bytes."""

    def __init__(self, payload: Mapping[str, Any], *, name: str = "", mark: str = "") -> None:
        # ASCII only, so that a character is a byte and any string a vendor sent can be encoded.
        self.text = json.dumps(payload, separators=(",", ":"))
        self.name, self.mark = name, mark

    @property
    def size(self) -> int:
        return len(self.text)

    @cached_property
    def sse(self) -> bytes:
        if not self.name:
            return b": keep-alive\n\n"
        return f"id: {self.mark}\nevent: {self.name}\ndata: {self.text}\n\n".encode()


PING = Frame({"type": "ping"})


def hello(epoch: str, seq: int, heartbeat: float) -> Frame:
    """The first frame: everything after `seq` follows."""
    payload = {"type": "hello", "epoch": epoch, "seq": seq, "heartbeat": heartbeat}
    return Frame(payload, name="hello", mark=f"{epoch}-{seq}")


def reset(epoch: str, seq: int) -> Frame:
    """What the client missed cannot be told any more: it must load its state anew and goes on after `seq`."""
    return Frame({"type": "reset", "epoch": epoch, "seq": seq}, name="reset", mark=f"{epoch}-{seq}")


def event(epoch: str, row: StreamEvent) -> Frame:
    """One event of the log; `at` in ISO 8601, UTC."""
    at = row.at.isoformat().replace("+00:00", "Z")
    payload = {"type": "event", "seq": row.seq, "name": row.name, "data": row.data, "at": at}
    return Frame(payload, name=row.name, mark=f"{epoch}-{row.seq}")


def error(words: str) -> Frame:
    """The client's frame could not be taken; the connection stays."""
    return Frame({"type": "error", "detail": words})


def parse(message: Mapping[str, Any]) -> dict[str, Any]:
    """The client's frame in an ASGI `websocket.receive` message; `BadFrame` says what is wrong with it."""
    text = message.get("text")
    if text is None:
        raise BadFrame("Frames are text; this one was binary.")
    if len(text) > LARGEST_FROM_CLIENT or len(text.encode()) > LARGEST_FROM_CLIENT:
        raise BadFrame(f"This frame is larger than {LARGEST_FROM_CLIENT // 1024} KiB.")
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        raise BadFrame("This frame is not JSON.") from None
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        raise BadFrame('A frame is an object with a "type".')
    return frame
