"""What waits to be stored, and how those who wait for it are told."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from webhooks.inbox.insertion import COLUMNS, Row

_WEIGHTY = [COLUMNS.index(name) for name in ("headers", "body")]


class Full(Exception):
    """More is waiting to be stored than may wait: the sender is asked to come again."""


@dataclass(frozen=True)
class Entry:
    """The rows of one request, how many bytes they are, and the promise that is kept once they are committed.

    To those that are `ready` the rules have been applied already.
    """

    rows: Sequence[Row]
    size: int
    stored: "asyncio.Future[None]"
    ready: bool = False


def entry_of(rows: Sequence[Row]) -> Entry:
    """An entry for whoever runs on this event loop."""
    size = sum(len(cast(bytes, row[place])) for row in rows for place in _WEIGHTY)
    return Entry(rows, size, asyncio.get_running_loop().create_future())


def settle(batch: Sequence[Entry], error: Exception | None = None) -> None:
    """Tell those who wait, from whichever thread."""
    # Those that the server has given up may have had an event loop that is gone.
    if waiting := [entry.stored for entry in batch if not entry.stored.done()]:
        # One hop onto the event loop for all: a hop each would cost more than the rows do.
        waiting[0].get_loop().call_soon_threadsafe(_settle, waiting, error)


def _settle(waiting: Sequence["asyncio.Future[None]"], error: Exception | None) -> None:
    for stored in waiting:
        if stored.done():  # given up meanwhile
            continue
        if error:
            stored.set_exception(error)
        else:
            stored.set_result(None)
