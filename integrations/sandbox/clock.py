"""The sandbox's clock: real time plus whatever `/_control/clock` advanced it by, and a wait that notices."""

import asyncio
from datetime import UTC, datetime, timedelta


class Clock:
    """Runs with the real clock, ahead of it by `ahead`."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        """The sandbox's moment, aware UTC."""
        return datetime.now(UTC) + self.ahead

    def stamp(self) -> int:
        """The sandbox's moment as vendors write it: whole Unix seconds."""
        return int(self.now().timestamp())

    def advance(self, by: timedelta) -> None:
        """Jump forward; whoever waits for a moment that has now passed goes on at once."""
        self.set(self.ahead + by)

    def set(self, ahead: timedelta) -> None:
        self.ahead = ahead
        self._moved.set()
        self._moved = asyncio.Event()

    async def wait_until(self, moment: datetime) -> None:
        """Return when the sandbox's clock shows `moment`, by waiting or by being advanced."""
        while (left := (moment - self.now()).total_seconds()) > 0:
            try:
                await asyncio.wait_for(self._moved.wait(), timeout=left)
            except TimeoutError:
                continue
