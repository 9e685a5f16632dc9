"""The reader: fetches what is new in all watched streams at once, and hands it to whoever is live."""

import asyncio
from collections.abc import Collection
from itertools import groupby

import structlog

from realtime import frames, log
from realtime.database import Database
from realtime.limits import Limits
from realtime.listener import Watch
from realtime.log import Position
from realtime.models import StreamEvent
from realtime.services import open_stream

logger = structlog.get_logger("realtime")


class Reader:
    """Moves the watches of one process forward; nobody else does, so between two awaits all is consistent."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self.watches: dict[str, Watch] = {}
        self._database, self._limits = database, limits
        self._woken: set[str] = set()
        self._bell = asyncio.Event()
        self._next_check = 0.0

    def wake(self, keys: Collection[str]) -> None:
        """These streams have news."""
        self._woken.update(key for key in keys if key in self.watches)
        if self._woken:
            self._bell.set()

    def check(self) -> None:
        """Wake-ups may have been lost: compare every position now."""
        self._next_check = 0.0
        self._bell.set()

    async def run(self) -> None:
        """Read whatever wake-ups name, and compare all positions every `net` seconds, until cancelled."""
        while True:
            await self._rung()
            try:
                await self._round()
            except Exception as error:  # noqa: BLE001  a hub that stops reading is silent for everybody
                logger.error("hub.failed", error=repr(error))
                await asyncio.sleep(1)
                self.check()

    async def _rung(self) -> None:
        wait = max(0.0, self._next_check - asyncio.get_running_loop().time())
        try:
            # Not wait_for: on Python 3.11 it loses a cancellation that meets the bell.
            async with asyncio.timeout(wait):
                await self._bell.wait()
        except TimeoutError:
            return
        self._bell.clear()

    async def _round(self) -> None:
        woken, self._woken = self._woken, set()
        now = asyncio.get_running_loop().time()
        if now >= self._next_check:
            self._next_check = now + self._limits.net
            await self._compare()
        await self._advance(woken)

    async def _advance(self, keys: Collection[str]) -> None:
        watches = {watch.stream: watch for key in keys if (watch := self.watches.get(key))}
        if not watches:
            return
        marks = {stream: watch.seq for stream, watch in watches.items()}
        rows = await self._database.run(log.after, marks, self._limits.batch)
        for stream, news in groupby(rows, lambda row: row.stream_id):
            await self._hand_out(watches[stream], list(news))
        if len(rows) >= self._limits.batch:
            self.wake(keys)

    async def _hand_out(self, watch: Watch, rows: list[StreamEvent]) -> None:
        if not log.unbroken(rows, watch.seq):
            # Numbers follow commits, so a gap is no late arrival: rows are gone.
            await self._start_over(watch)
            return
        for row in rows:
            watch.seq = row.seq
            frame = frames.event(watch.epoch, row)
            for listener in watch.listeners:
                listener.hear(row.seq, frame)
            # Let the senders send: a burst must not fill the mailbox of a client that keeps up.
            await asyncio.sleep(0)

    async def _compare(self) -> None:
        marks = {watch: watch.seq for watch in self.watches.values()}
        if not marks:
            return
        found = await self._database.run(log.positions, [watch.stream for watch in marks])
        for watch, mark in marks.items():
            await self._settle(watch, mark, found.get(watch.stream))

    async def _settle(self, watch: Watch, mark: int, position: Position | None) -> None:
        if position is None or position.epoch != watch.epoch or position.seq < mark:
            await self._start_over(watch)
        elif position.seq > mark == watch.behind_at:
            # Behind at the last comparison too, and reading did not help: the rows are gone.
            await self._start_over(watch)
        elif position.seq > mark:
            watch.behind_at = mark
            self.wake([watch.key])

    async def _start_over(self, watch: Watch) -> None:
        watch.start_over(await self._database.run(open_stream, watch.key))
