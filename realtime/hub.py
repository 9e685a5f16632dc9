"""The hub: one per process, it knows who listens to which stream and brings each of them up to date."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from realtime import frames, log, wake
from realtime.database import Database
from realtime.limits import Close, Limits
from realtime.listener import Listener, Watch
from realtime.reader import Reader
from realtime.services import open_stream
from webhooks.problems import Problem

logger = structlog.get_logger("realtime")

_running: list["Hub"] = []


def current() -> "Hub":
    """The hub of this process; `Problem` 503 while none is running."""
    if not _running:
        raise Problem(503, "unavailable", "Not available just now", "Realtime is not running.", retry_after=2)
    return _running[-1]


def running() -> list["Hub"]:
    """The hubs of this process: one, or none while the server starts or ends."""
    return [*_running]


class Hub:
    """Membership and positions, in memory; everything but the work of `database` happens on one event loop."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.database = Database()
        self._reader = Reader(self.database, self.limits)
        self._watches = self._reader.watches
        self._drained = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Hub"]:
        """Read, and listen for wake-ups, for as long as the context lasts."""
        reader = self._reader
        tasks = [asyncio.create_task(reader.run()), asyncio.create_task(wake.listen(reader.wake, reader.check))]
        _running.append(self)
        try:
            yield self
        finally:
            _running.remove(self)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.to_thread(self.database.close)

    async def open(self, key: str) -> Listener:
        """A listener at the stream's present position: everything after it is told once it follows."""
        watch = self._watches.get(key)
        if watch is None:
            position = await self.database.run(open_stream, key)
            watch = self._watches.setdefault(key, Watch(key, *position))
            # A wake-up that came while we read the position found nobody here.
            self._reader.wake([key])
        listener = Listener(watch, self.limits)
        watch.listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """Forget the listener, and with its last one the stream."""
        listener.pause()
        listener.expire_in(float("inf"))
        watch = listener.watch
        watch.listeners.discard(listener)
        if not watch.listeners and self._watches.get(watch.key) is watch:
            del self._watches[watch.key]

    def drain(self) -> None:
        """Send everybody away, because the server is about to end; they come back and resume."""
        if self._drained:  # each connection asks for it
            return
        self._drained = True
        for watch in self._watches.values():
            for listener in watch.listeners:
                listener.close(Close.RESTART)

    def follow(self, listener: Listener) -> None:
        """Tell the listener what it has not been told, then let it go live."""
        if not listener.live and listener.chase is None:
            listener.chase = asyncio.create_task(self._catch_up(listener))

    async def rewind(self, listener: Listener, epoch: str, seq: int) -> None:
        """Put the listener where its client says it was; `reset` when that is no place in this log."""
        listener.pause()
        watch = listener.watch
        if epoch == watch.epoch and 0 <= seq <= watch.seq:
            listener.seq = seq
            return
        # Another epoch, or news that we have not heard of yet: the log itself must say.
        position = (await self.database.run(log.positions, [watch.stream])).get(watch.stream)
        # Again, because the reader may have let it go live while we waited.
        listener.pause()
        if position is None or not epoch == position.epoch == watch.epoch or not 0 <= seq <= position.seq:
            listener.reset()
            return
        listener.seq = seq
        self._reader.wake([watch.key])

    async def _catch_up(self, listener: Listener) -> None:
        try:
            await self._tell_history(listener)
        except Exception as error:  # noqa: BLE001  whatever it was, this client must come again, not wait for ever
            logger.warning("history.failed", stream=listener.watch.key, error=repr(error))
            listener.close(Close.TRY_AGAIN)

    async def _tell_history(self, listener: Listener) -> None:
        watch = listener.watch
        while listener.seq < watch.seq:
            rows = await self.database.run(log.after, {watch.stream: listener.seq}, self.limits.history)
            if not rows or not log.unbroken(rows, listener.seq):
                listener.reset()
                break
            for row in rows:
                await listener.recall(row.seq, frames.event(watch.epoch, row))
        listener.live = True
