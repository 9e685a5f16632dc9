"""What belongs to one process alone: sockets and threads that a child must not share with its parent."""

import os
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def once_a_process(make: F) -> F:
    """What `make` gives, made on first need and kept; a fork's child makes its own."""
    kept: Any = cache(make)
    os.register_at_fork(after_in_child=kept.cache_clear)
    return kept
