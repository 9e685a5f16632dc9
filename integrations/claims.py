"""Taking due rows so that no two workers hold the same one, on PostgreSQL and on SQLite alike.

A claimed row is due again when its lease ends: whoever dies holding it loses time, not the row. `attempts` counts
the claims and is the fence: a claimant whose number is no longer the row's has been overtaken.
"""

import random
from contextlib import AbstractContextManager
from datetime import timedelta
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
    now = timezone.now()
    until = now + timedelta(seconds=settings.LEASE_SECONDS)
    skip = {"skip_locked": True} if connection.features.has_select_for_update_skip_locked else {}
    with transaction.atomic():
        taken = list(
            rows.filter(due_at__lte=now).order_by("due_at", "pk").select_for_update(of=("self",), **skip)[:limit]
        )
        rows.model._default_manager.filter(pk__in=[row.pk for row in taken]).update(
            due_at=until, attempts=F("attempts") + 1, **changes
        )
    for row in taken:
        row.attempts += 1  # type: ignore[attr-defined]
        row.due_at = until  # type: ignore[attr-defined]
    return taken


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
