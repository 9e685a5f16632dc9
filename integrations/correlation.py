"""One request id joins a click to its effects: it lives in a context variable and in every row and message."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from re import compile as pattern
from uuid import uuid4

import structlog

_current: ContextVar[str] = ContextVar("request_id", default="")
_ACCEPTABLE = pattern(r"[A-Za-z0-9._-]{8,64}")


def request_id() -> str:
    """The id of the request, delivery or task being worked on; empty outside of one."""
    return _current.get()


def accept(given: str) -> str:
    """The caller's own id when it is of an acceptable form, else a new one."""
    return given if _ACCEPTABLE.fullmatch(given) else uuid4().hex


@contextmanager
def correlate(identifier: str) -> Iterator[str]:
    """Work under `identifier` (a new one when empty): rows, messages and log lines carry it."""
    identifier = identifier or uuid4().hex
    token = _current.set(identifier)
    with structlog.contextvars.bound_contextvars(request_id=identifier):
        try:
            yield identifier
        finally:
            _current.reset(token)
