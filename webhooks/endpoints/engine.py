"""The engine of sending: one event loop with many messages under way, and one thread for the rows.

It looks for what is due when it is nudged, when a try has ended, and every few seconds. Killed at any line it loses
nothing: a message that was taken and not recorded is due again when its lease ends.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TypeVar

import httpx2
import structlog
from django.conf import settings
from django.db import Error, close_old_connections, connections
from django.utils import timezone

from integrations.database import AWAY
from webhooks.endpoints.carrying import carry
from webhooks.endpoints.network import Resolving, client, system_resolver
from webhooks.endpoints.parcels import Outcome, Parcel, pack, unpacked, unsent
from webhooks.endpoints.recording import record
from webhooks.endpoints.taking import Busy, give_back, rest, take
from webhooks.models import Message

log = structlog.get_logger("endpoints")
T = TypeVar("T")

GRACE = 5.0  # seconds that tries under way are given when the process ends
AGAIN = 1.0  # seconds until rows that could not be reached are tried again


class Engine:
    """The loop; `run` returns once it was stopped. `nudge` and `stop` may be called from any thread."""

    def __init__(self, resolve: Resolving | None = None) -> None:
        self._resolve = resolve or system_resolver(settings.ENDPOINT_SLOTS)
        self._rows = ThreadPoolExecutor(1, thread_name_prefix="endpoint-rows")
        self._loop = asyncio.new_event_loop()
        self._wake = asyncio.Event()
        self._stopping = False
        # What was taken and is not recorded: the slots in use.
        self._under_way: dict[tuple[int, int], Parcel] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended: list[Outcome] = []

    def run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._live())

    def nudge(self) -> None:
        """Have it look now."""
        with suppress(RuntimeError):  # its loop is closed: what it was to see is the next one's to find
            self._loop.call_soon_threadsafe(self._wake.set)

    def stop(self) -> None:
        """Have it take nothing more, and end once what is under way has ended, or `GRACE` is over."""
        self._stopping = True
        self.nudge()

    async def _live(self) -> None:
        async with client(self._resolve, settings.ENDPOINT_SLOTS) as http:
            while not self._stopping:
                pause = await self._look(http)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), pause)
            await self._finish()
        self._rows.shutdown()

    async def _look(self, http: httpx2.AsyncClient) -> float:
        """Record what has ended and take what is due; returns for how many seconds nothing more is to be done."""
        self._wake.clear()
        try:
            await self._record()
            return await self._take(http)
        except Exception as error:  # noqa: BLE001  rows that cannot be reached now may be in a second: go on
            log.error("sender.failed", error=repr(error))
            await asyncio.sleep(AGAIN)
            return 0.0

    async def _record(self) -> None:
        ended = list(self._ended)
        if ended:
            await self._in_rows(partial(_write_down, ended))
        del self._ended[: len(ended)]
        for outcome in ended:
            self._under_way.pop((outcome.parcel.message, outcome.parcel.number), None)

    async def _take(self, http: httpx2.AsyncClient) -> float:
        free = settings.ENDPOINT_SLOTS - len(self._under_way)
        pause = float(settings.SWEEP_SECONDS)
        if free <= 0:
            return pause
        parcels, resting = await self._in_rows(partial(_due, free, self._busy()))
        for parcel in parcels:
            self._under_way[parcel.message, parcel.number] = parcel
            task = self._loop.create_task(self._send(http, parcel))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return min(pause, resting)

    def _busy(self) -> dict[int, Busy]:
        parcels = defaultdict(list)
        for parcel in self._under_way.values():
            parcels[parcel.endpoint].append(parcel)
        return {
            pk: Busy(len(these), any(one.failing for one in these), these[0].owner) for pk, these in parcels.items()
        }

    async def _send(self, http: httpx2.AsyncClient, parcel: Parcel) -> None:
        outcome = unsent(parcel) if parcel.code else await carry(http, parcel, settings.ENDPOINT_SECONDS)
        self._ended.append(outcome)
        self._wake.set()

    async def _finish(self) -> None:
        """Record what ends within `GRACE` and hand the rest back, so that nobody has to wait for its leases."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GRACE)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            await self._record()
            await self._in_rows(partial(give_back, list(self._under_way), timezone.now()))
        except Error as error:
            log.error("sender.unrecorded", messages=len(self._under_way), error=repr(error))  # they are sent again
        await self._in_rows(connections.close_all)

    async def _in_rows(self, work: Callable[[], T]) -> T:
        return await self._loop.run_in_executor(self._rows, work)


def _due(free: int, busy: dict[int, Busy]) -> tuple[list[Parcel], float]:
    """What is to be sent now, and for how many seconds the next rests."""
    close_old_connections()
    looked = timezone.now()
    taken = take(timezone.now, free, busy)
    now = timezone.now()
    return [_packed(message, now) for message in taken], rest(looked, now)


def _packed(message: Message, now: datetime) -> Parcel:
    try:
        return pack(message, now)
    except Exception as error:  # the others were taken with it, and must not wait for their leases' end
        log.exception("message.unpacked", message=message.pk)
        return unpacked(message, error)


def _write_down(outcomes: Sequence[Outcome]) -> None:
    """All at once; where one of them cannot be written, each by itself, so that it holds up no other."""
    close_old_connections()
    try:
        record(outcomes, timezone.now())
    except AWAY:
        raise
    except Exception:  # noqa: BLE001  one of them is odd; which, is found out below
        for outcome in outcomes:
            _write_one(outcome)


def _write_one(outcome: Outcome) -> None:
    try:
        record([outcome], timezone.now())
    except Exception:  # whatever it is must not keep the others from being sent
        # It is sent again when its lease ends.
        log.exception("attempt.unrecorded", message=outcome.parcel.message)
