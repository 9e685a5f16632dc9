"""What comes without a pause goes to the writer together: a commit for few costs more than one for many."""

import asyncio
from collections.abc import Callable

from webhooks.inbox.waiting import Entry

# Measured at 32 connections: with more, two processes gain nothing, and those of one wait for each other.
ENOUGH = 8
MUCH = 64 << 10  # bytes of one request: writing them costs so much that company saves nothing


class Gathering:
    """Hands entries on once a turn of the event loop has brought no more, or there are `ENOUGH`, or much.

    It belongs to one event loop. Whoever comes alone waits for two turns of it, for no clock.
    """

    def __init__(self, then: Callable[[list[Entry]], None]) -> None:
        self._then = then
        self._gathered: list[Entry] = []

    def put(self, entry: Entry) -> None:
        """Called on the event loop."""
        self._gathered.append(entry)
        if len(self._gathered) == ENOUGH or entry.size > MUCH:
            self.hand_on()
        elif len(self._gathered) == 1:
            asyncio.get_running_loop().call_soon(self._look, 0)

    def hand_on(self) -> None:
        """Without waiting for more."""
        gathered, self._gathered = self._gathered, []
        if gathered:
            self._then(gathered)

    def _look(self, seen: int) -> None:
        if seen < len(self._gathered):
            asyncio.get_running_loop().call_soon(self._look, len(self._gathered))
        else:
            self.hand_on()
