"""One run at a time for each source: a lease on its watermark, renewed as the run goes on, with a fence."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q
from django.utils import timezone

from webhooks.models import Watermark

LEASE = timedelta(seconds=90)  # longer than any one call may take


class Overtaken(Exception):
    """Somebody else runs it now: this run was silent for longer than its lease."""


def claim(source: str, now: datetime, *, early: bool = False) -> Watermark | None:
    """The source's watermark, ours for a while; None when another has it, or it is not due and not to be `early`."""
    Watermark.objects.get_or_create(source=source, defaults={"begun_at": now, "due_at": now})
    free = Watermark.objects.filter(Q(leased_until=None) | Q(leased_until__lt=now), source=source)
    due = free if early else free.filter(due_at__lte=now)
    # One statement: of two that ask at once, one changes the row.
    if not due.update(leased_until=_until(), attempts=F("attempts") + 1):
        return None
    return Watermark.objects.get(source=source)


def renew(mark: Watermark) -> None:
    """Hold it for longer, when half of the lease is over. `Overtaken` when it is not ours any more."""
    if mark.leased_until is None or mark.leased_until - timezone.now() < LEASE / 2:
        _change(mark, leased_until=_until())


def release(mark: Watermark, **changes: Any) -> None:
    """Let go of it, with these changes. `Overtaken` as above."""
    _change(mark, leased_until=None, **changes)


def _change(mark: Watermark, **changes: Any) -> None:
    if not Watermark.objects.filter(pk=mark.pk, attempts=mark.attempts).update(**changes):
        raise Overtaken(mark.source)
    for name, value in changes.items():
        setattr(mark, name, value)


def _until() -> datetime:
    return timezone.now() + LEASE
