"""A few threads of our own for the database, so that a thousand sockets never need a thousand connections."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import ParamSpec, TypeVar

from django.db import close_old_connections, connections

P = ParamSpec("P")
T = TypeVar("T")


class Database:
    """Runs blocking reads beside the event loop; each of its `threads` keeps one connection."""

    def __init__(self, threads: int = 2) -> None:
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="realtime")

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of `work`, done in a thread whose connection has been checked."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, _tidily, lambda: work(*args, **kwargs))

    def close(self) -> None:
        """Close every thread's connection and end the threads."""
        together = Barrier(self._threads)
        for _ in range(self._threads):
            self._pool.submit(_close_together, together)
        self._pool.shutdown()


def _tidily(work: Callable[[], T]) -> T:
    close_old_connections()
    try:
        return work()
    finally:
        close_old_connections()


def _close_together(barrier: Barrier) -> None:
    # Each waits for the others, so that no thread takes two turns and another none.
    barrier.wait()
    connections.close_all()
