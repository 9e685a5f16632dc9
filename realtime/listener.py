"""One connected client, as the hub sees it: how far it has been told, and what waits for it."""

import asyncio
from dataclasses import dataclass, field

from realtime import frames
from realtime.frames import Frame
from realtime.limits import Close, Limits
from realtime.log import Position
from realtime.mailbox import Mailbox


@dataclass(eq=False)
class Watch:
    """A stream somebody listens to: `seq` is the newest event handed to those who are live."""

    key: str
    stream: int
    epoch: str
    seq: int
    listeners: set["Listener"] = field(default_factory=set)
    behind_at: int = -1

    def start_over(self, position: Position) -> None:
        """Go on from another position, because the log is not the one we knew, and tell everybody."""
        self.stream, self.epoch, self.seq = position
        for listener in self.listeners:
            listener.pause()
            listener.reset()
            listener.live = True


class Listener:
    """A client of one stream; `seq` is the newest event put into its mailbox.

    It is `live` when it gets events as the hub reads them; before, it is told its history at its own pace.
    `closed` resolves to the `Close` code when the connection must end.
    """

    def __init__(self, watch: Watch, limits: Limits) -> None:
        self.watch, self.seq, self.live = watch, watch.seq, False
        self.mailbox = Mailbox(limits.messages, limits.size)
        self.closed: asyncio.Future[Close] = asyncio.get_running_loop().create_future()
        self.chase: asyncio.Task[None] | None = None
        self._expiry: asyncio.TimerHandle | None = None

    def close(self, code: Close) -> None:
        """End the connection; the first reason counts."""
        if not self.closed.done():
            self.closed.set_result(code)

    def expire_in(self, seconds: float) -> None:
        """End the connection when its sign-in does, unless it is told a later time before; `inf` for never."""
        if self._expiry is not None:
            self._expiry.cancel()
        if seconds != float("inf"):
            self._expiry = asyncio.get_running_loop().call_later(seconds, self.close, Close.UNAUTHENTICATED)

    def post(self, frame: Frame) -> None:
        """Send the frame after what already waits; a client with no room left is too slow to keep."""
        if not self.mailbox.offer(frame):
            self.close(Close.SLOW)

    def hear(self, seq: int, frame: Frame) -> None:
        """Take one live event, unless history has told it already."""
        if self.live and seq > self.seq:
            self.seq = seq
            self.post(frame)

    async def recall(self, seq: int, frame: Frame) -> None:
        """Take one event of history, waiting for room."""
        await self.mailbox.put(frame)
        self.seq = seq

    def reset(self) -> None:
        """Go on from where the watch is; the client must load its state anew."""
        self.seq = self.watch.seq
        self.post(frames.reset(self.watch.epoch, self.seq))

    def pause(self) -> None:
        """Stop being told anything, for as long as its position is in question."""
        self.live = False
        if self.chase is not None:
            self.chase.cancel()
            self.chase = None
