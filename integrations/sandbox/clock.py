"""The sandbox's clock: real time plus whatever `/_control/clock` advanced it by, and what is due at a moment of it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count

Timer = tuple[datetime, int, Callable[[], None]]


class Clock:
    """Runs with the real clock, ahead of it by `ahead`."""

    def __init__(self, ahead: timedelta = timedelta()) -> None:
        self.ahead = ahead
        self._timers: list[Timer] = []
        self._order = count()
        self._alarm: asyncio.TimerHandle | None = None

    def now(self) -> datetime:
        """The sandbox's moment, aware UTC."""
        return datetime.now(UTC) + self.ahead

    def stamp(self) -> int:
        """The sandbox's moment as vendors write it: whole Unix seconds."""
        return int(self.now().timestamp())

    def advance(self, by: timedelta) -> None:
        """Jump forward; what was due by then is done when this returns."""
        self.ahead += by
        self._ring()

    def restart(self) -> None:
        """Back to real time, with nothing due."""
        self.ahead = timedelta()
        self._timers.clear()

    def at(self, moment: datetime, do: Callable[[], None]) -> None:
        """Do something when the clock shows `moment`, however it gets there; at once if it already does."""
        heappush(self._timers, (moment, next(self._order), do))
        self._ring()

    async def wait_until(self, moment: datetime) -> None:
        """Return when the clock shows `moment`."""
        reached = asyncio.Event()
        self.at(moment, reached.set)
        await reached.wait()

    def _ring(self) -> None:
        while self._timers and self._timers[0][0] <= self.now():
            heappop(self._timers)[2]()
        if self._alarm:
            self._alarm.cancel()
        if self._timers:
            left = (self._timers[0][0] - self.now()).total_seconds()
            self._alarm = asyncio.get_running_loop().call_later(max(left, 0.001), self._ring)
