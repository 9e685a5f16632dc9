"""The several things that can end a connection, awaited together."""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any

from realtime.limits import Close


async def first_of(*ends: Coroutine[Any, Any, Close] | asyncio.Future[Close]) -> Close:
    """The result of whichever ends first; the others are cancelled."""
    tasks = [asyncio.ensure_future(end) for end in ends]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(task for task in tasks if task.done()).result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def patiently(sending: Awaitable[None], seconds: float) -> Close | None:
    """Why sending came to nothing, if it did: nobody took it within `seconds`, or nobody is there."""
    try:
        async with asyncio.timeout(seconds):
            await sending
    except TimeoutError:
        return Close.SLOW
    except OSError:
        return Close.GONE
    return None
