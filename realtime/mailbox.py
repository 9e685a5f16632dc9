"""What waits to be sent to one client: bounded in messages and bytes, so that a slow one costs little."""

import asyncio
from collections import deque

from realtime.frames import Frame


class Mailbox:
    """A queue with one writer's refusal (`offer`) and another's patience (`put`)."""

    def __init__(self, messages: int, size: int) -> None:
        self._frames: deque[Frame] = deque()
        self._room, self._free = messages, size
        self._filled, self._drained = asyncio.Event(), asyncio.Event()

    def offer(self, frame: Frame) -> bool:
        """Add the frame; False when there is no room. An empty mailbox takes a frame of any size."""
        if self._frames and (self._room <= 0 or frame.size > self._free):
            return False
        self._frames.append(frame)
        self._room, self._free = self._room - 1, self._free - frame.size
        self._filled.set()
        return True

    async def put(self, frame: Frame) -> None:
        """Add the frame, as soon as there is room."""
        while not self.offer(frame):
            self._drained.clear()
            await self._drained.wait()

    async def take(self) -> Frame:
        """The oldest frame, as soon as there is one."""
        while not self._frames:
            self._filled.clear()
            await self._filled.wait()
        frame = self._frames.popleft()
        self._room, self._free = self._room + 1, self._free + frame.size
        self._drained.set()
        return frame
