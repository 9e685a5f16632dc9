"""How long the work at hand may still take: one moment, carried by a context variable through every layer.

Inside, time is this machine's monotonic clock; between processes it travels as a Unix time.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from integrations.errors import DeadlineExceeded

_until: ContextVar[float | None] = ContextVar("deadline", default=None)
clock = time.monotonic


def remaining() -> float | None:
    """Seconds left, never below zero; None where nothing bounds the work."""
    until = _until.get()
    return None if until is None else max(0.0, until - clock())


def bounded(seconds: float) -> float:
    """`seconds`, or what is left when that is less."""
    until = _until.get()
    return seconds if until is None else max(0.0, min(seconds, until - clock()))


def require(what: str) -> None:
    """`DeadlineExceeded` when nothing is left."""
    until = _until.get()
    if until is not None and until <= clock():
        raise DeadlineExceeded(f"no time is left for {what}")


class within:  # noqa: N801  reads as a verb's complement; a class enters twice as fast as a generator, twice a call
    """Bound the block to so many seconds: an outer deadline that ends sooner stays in force."""

    __slots__ = ("_seconds", "_token")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        until, outer = clock() + self._seconds, _until.get()
        self._token = _until.set(until if outer is None or until < outer else outer)

    def __exit__(self, *_error: object) -> None:
        _until.reset(self._token)


@contextmanager
def unbounded() -> Iterator[None]:
    """Nobody waits for what the block does: a wake-up serves every row that is due, not this request alone."""
    token = _until.set(None)
    try:
        yield
    finally:
        _until.reset(token)


def as_timestamp() -> float | None:
    """The deadline as a Unix time, for another process; None where there is none."""
    left = remaining()
    return None if left is None else time.time() + left


def adopt(timestamp: float | None) -> None:
    """Put a deadline from another process in force for the rest of this context; None ends the one in force."""
    _until.set(None if timestamp is None else clock() + max(0.0, timestamp - time.time()))
