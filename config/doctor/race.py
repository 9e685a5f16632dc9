"""Several things at once, within a time: what has not ended by then is left behind."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

T = TypeVar("T")


def within(seconds: float, tasks: Mapping[str, Callable[[], T]]) -> dict[str, T | Exception]:
    """What each task returned or raised, by name; `TimeoutError` for those that still run after `seconds`.

    The threads are daemons: one that hangs in a resolver or a driver keeps nobody from leaving.
    """
    ended: queue.Queue[tuple[str, T | Exception]] = queue.Queue()

    def run(name: str, task: Callable[[], T]) -> None:
        try:
            ended.put((name, task()))
        except Exception as error:  # noqa: BLE001  handed to whoever asked
            ended.put((name, error))

    for name, task in tasks.items():
        threading.Thread(target=run, args=(name, task), name=f"doctor-{name}", daemon=True).start()
    deadline = time.monotonic() + seconds
    results: dict[str, T | Exception] = {}
    while len(results) < len(tasks):
        try:
            name, result = ended.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        results[name] = result
    late = TimeoutError(f"no answer within {seconds:.1f} s")
    return {name: results.get(name, late) for name in tasks}
