"""Waking a worker: the message carries nothing, so losing one costs only the time until the next sweep."""

from typing import Any

import structlog
from celery import Task
from kombu.exceptions import OperationalError

from integrations.http import deadline

log = structlog.get_logger("tasks")


def wake(task: Task[Any, Any]) -> None:
    """Send the wake-up; a broker that is away is noted and survived, for the row is the guarantee."""
    try:
        # The woken worker takes every row that is due: the deadline of whoever woke it is not theirs.
        with deadline.unbounded():
            task.apply_async(retry=False)
    except (OperationalError, OSError) as error:
        log.warning("wake.lost", task=task.name, error=repr(error))
