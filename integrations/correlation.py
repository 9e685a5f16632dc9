"""One request id joins a click to its effects: it lives in a context variable and in every row and message."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from random import getrandbits
from re import compile as pattern

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
    # Unique, and no secret: asking the kernel for entropy would cost every request a system call.
    return f"{getrandbits(128):032x}"


@contextmanager
def correlate(identifier: str) -> Iterator[str]:
    """Work under `identifier` (a new one when empty): rows, messages and log lines carry it."""
    identifier = identifier or _new()
    token = _current.set(identifier)
    with structlog.contextvars.bound_contextvars(request_id=identifier):
        try:
            yield identifier
        finally:
            _current.reset(token)
