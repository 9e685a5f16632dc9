"""How patient and how generous realtime is, and the codes it closes with."""

from dataclasses import dataclass
from enum import IntEnum


@dataclass(frozen=True)
class Limits:
    """Seconds, messages and bytes. `net` is how often positions are compared in case a wake-up was lost.

    `hold` is how long a fresh connection waits for a `resume` before it goes live, so that what was missed
    comes before what is new. `grace` is how long a client has to answer a ping, `send` to take a message.
    """

    heartbeat: float = 25
    grace: float = 10
    send: float = 10
    hold: float = 0.25
    net: float = 5
    messages: int = 256
    size: int = 1 << 20
    batch: int = 1000
    history: int = 200


class Close(IntEnum):
    """Why a connection ends. 1006 is never sent: nobody is there. 1013 is "try again later"; 4000 and up are ours."""

    GONE = 1006
    RESTART = 1012
    TRY_AGAIN = 1013
    SLOW = 4008
    UNAUTHENTICATED = 4401
    FORBIDDEN = 4403
    SILENT = 4408


REASONS = {
    Close.RESTART: "The server restarts; connect again and resume.",
    Close.TRY_AGAIN: "Something went wrong on our side; connect again in a moment.",
    Close.SLOW: "You read too slowly; connect again and resume.",
    Close.UNAUTHENTICATED: "Your sign-in has expired.",
    Close.FORBIDDEN: "You may no longer read this stream.",
    Close.SILENT: "You did not answer a ping.",
}
