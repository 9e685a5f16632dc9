"""One request id joins a click to its effects: it lives in a context variable and in every row and message."""

from contextlib import AbstractContextManager
from contextvars import ContextVar
from random import getrandbits
from re import compile as pattern
from time import time_ns

import structlog

_current: ContextVar[str] = ContextVar("request_id", default="")
_ACCEPTABLE = pattern(r"[A-Za-z0-9._-]{8,64}")


def request_id() -> str:
    """The id of the request, delivery or task being worked on; empty outside of one."""
    return _current.get()


def accept(given: str) -> str:
    """The caller's own id when it is of an acceptable form, else a new one."""
    return given if _ACCEPTABLE.fullmatch(given) else _new()


def _new() -> str:
    # Unique, and no secret: asking the kernel for entropy would cost every request a system call. It begins with the
    # time, so that an index of millions of them grows at its end and is not read from disk for each.
    return f"{time_ns() // 1_000_000:012x}{getrandbits(80):020x}"


class _Correlated(AbstractContextManager[str]):
    """Every exchange passes here: a generator would cost it three times as much."""

    def __init__(self, identifier: str) -> None:
        self._identifier = identifier

    def __enter__(self) -> str:
        self._token = _current.set(self._identifier)
        self._bound = structlog.contextvars.bind_contextvars(request_id=self._identifier)
        return self._identifier

    def __exit__(self, *_error: object) -> None:
        structlog.contextvars.reset_contextvars(**self._bound)
        _current.reset(self._token)


def correlate(identifier: str) -> AbstractContextManager[str]:
    """Work under `identifier` (a new one when empty): rows, messages and log lines carry it."""
    return _Correlated(identifier or _new())
