"""Whether a request is genuine: told at once on the event loop, or in one of few threads where it takes longer."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from django.db import connections

from integrations.contract import Delivery, Inbound, Lengthy
from integrations.errors import RateLimited
from webhooks.sources import Speaker

THREADS, MOST_WAITING = 4, 64


class Lane:
    """So many threads, and so many requests at most that wait for one of them."""

    def __init__(self, name: str, threads: int) -> None:
        self._pool = ThreadPoolExecutor(threads, name)
        self._places = asyncio.Semaphore(threads + MOST_WAITING)

    async def run(self, finish: Callable[[], list[Delivery]]) -> list[Delivery]:
        """What `finish` gives or raises; `RateLimited` when too many wait."""
        if self._places.locked():
            raise RateLimited("too many deliveries wait to be verified") from None
        async with self._places:
            context, loop = copy_context(), asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, context.run, _finished, finish)


# Anybody can send what takes a call to refuse: it may not take more of us than this, nor the place of what is genuine.
_doubtful = Lane("verifying", THREADS)
_genuine = Lane("reading", 1)  # it computes, and never waits: two would take turns


async def received(source: Speaker, inbound: Inbound) -> list[Delivery]:
    """The deliveries in a genuine request; raises `Refused`, `Retryable` (come again), `Reply`."""
    try:
        return source.receive(inbound)
    except Lengthy as lengthy:
        return await (_genuine if lengthy.genuine else _doubtful).run(lengthy.finish)


def _finished(finish: Callable[[], list[Delivery]]) -> list[Delivery]:
    try:
        return finish()
    finally:
        connections.close_all()  # those of this thread, which may not be needed again for days
