"""Taking due rows so that no two workers hold the same one, on PostgreSQL and on SQLite alike.

A claimed row is due again when its lease ends: whoever dies holding it loses time, not the row. `attempts` counts
the claims and is the fence: a claimant whose number is no longer the row's has been overtaken.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from integrations.http import deadline

M = TypeVar("M", bound=models.Model)
LONGEST = 6 * 3600.0


def claim(rows: QuerySet[M], limit: int, **changes: Any) -> list[M]:
    """Up to `limit` due rows of a model with `due_at` and `attempts`, leased to the caller, marked with `changes`."""
    with transaction.atomic():
        taken = lock(rows, limit)
        _take(taken, **changes)
    return taken


def lock(rows: QuerySet[M], limit: int) -> list[M]:
    """Up to `limit` due rows, longest due first, that nobody else is at, locked until the caller's transaction ends."""
    skip = {"skip_locked": True} if connection.features.has_select_for_update_skip_locked else {}
    due = rows.filter(due_at__lte=timezone.now()).order_by("due_at", "pk")
    return list(due.select_for_update(of=("self",), **skip)[:limit])


def _take(locked: Sequence[models.Model], **changes: Any) -> None:
    """Lease rows of one model that the caller has locked, and mark them with `changes`."""
    until = leased_until()
    if locked:
        type(locked[0])._default_manager.filter(pk__in=[row.pk for row in locked]).update(
            due_at=until, attempts=F("attempts") + 1, **changes
        )
    for row in locked:
        row.attempts += 1  # type: ignore[attr-defined]
        row.due_at = until  # type: ignore[attr-defined]


def leased_until() -> datetime:
    """When a lease that begins now ends."""
    return timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)


@contextmanager
def forgettable() -> Iterator[None]:
    """A transaction that does not wait for the disk: a crash of the database may forget it, with all that followed.

    For claims whose work leaves no trace outside the database: what is committed after them is only there if they are.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL synchronous_commit TO off")
        yield


def lease(row: Any) -> AbstractContextManager[None]:
    """Bound the work on a claimed row by what is left of its lease: past it somebody else may be at it.

    A batch is leased at one moment and worked off row by row: the last of it may have no time left at all.
    """
    return deadline.within((row.due_at - timezone.now()).total_seconds())


def backoff(attempt: int, asked: float | None = None, *, base: float = 2.0) -> timedelta:
    """How long to wait after the `attempt`-th failure: from `base` seconds doubling to 6 h, half of it jitter.

    Never sooner than the vendor `asked` (seconds), and never parked past the 6 h by a hostile one.
    """
    ceiling = min(base * 2.0 ** min(attempt - 1, 30), LONGEST)
    wait = random.uniform(ceiling / 2, ceiling)  # noqa: S311  jitter, no secret
    return timedelta(seconds=min(max(asked or 0.0, wait), LONGEST))
