"""Waking a worker: the message says no more than whom it is about, so losing one costs only time, until a sweep."""

from collections.abc import Callable
from typing import Any

import structlog
from celery import Task
from django.db import connection, transaction
from kombu.exceptions import OperationalError

from integrations.http import deadline

log = structlog.get_logger("tasks")


def wake(task: Task[Any, Any], *about: str, **how: Any) -> None:
    """Send the wake-up, `about` what where there is a task for each.

    A broker that is away is noted and survived, for the row is the guarantee.
    """
    try:
        # The woken worker takes every row that is due: the deadline of whoever woke it is not theirs.
        with deadline.unbounded():
            task.apply_async(about, how, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("wake.lost", task=task.name, error=repr(error))


def after_commit(waker: Callable[[], None]) -> None:
    """Call `waker` once this transaction is committed: once, however many of its rows ask for it.

    A savepoint that was left by an error takes what it registered with it: only what stands counts.
    """
    standing = set(connection.savepoint_ids)
    if not any(known is waker and sids <= standing for sids, known, *_ in connection.run_on_commit):
        transaction.on_commit(waker)
