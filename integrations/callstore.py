"""Where the journal's records become rows, and where rows end: failures after a week, counts after two days."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import CharField
from django.utils import timezone

from integrations.http.journal import Failure, Slot
from integrations.masking import masked, printable
from integrations.models import CallCount, CallFailure

FAILURES_KEPT = timedelta(days=7)
COUNTS_KEPT = timedelta(hours=48)
COLUMNS = ("vendor", "minute", "ok", "bucket_ms", "count")


def store(counts: Mapping[Slot, int], failures: Sequence[Failure]) -> None:
    """Add the counts to what any process has counted already, and keep the failures: both or neither."""
    with transaction.atomic():
        _add(counts)
        CallFailure.objects.bulk_create([_row(failure) for failure in failures])


def _add(counts: Mapping[Slot, int]) -> None:
    # In one order everywhere, so that two processes never wait for each other's rows in a circle.
    rows = [_adapted(slot, count) for slot, count in sorted(counts.items())]
    table, names = CallCount._meta.db_table, ", ".join(COLUMNS)
    statement = (
        f"INSERT INTO {table} ({names}) VALUES (%s, %s, %s, %s, %s) "  # noqa: S608  constants of the model
        f"ON CONFLICT ({', '.join(COLUMNS[:-1])}) DO UPDATE SET count = {table}.count + excluded.count"
    )
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(statement, rows)


def _adapted(slot: Slot, count: int) -> tuple[Any, ...]:
    minute = connection.ops.adapt_datetimefield_value(slot.starts)
    return _short(slot.vendor, "vendor"), minute, slot.ok, slot.bucket_ms, count


def _row(failure: Failure) -> CallFailure:
    return CallFailure(
        vendor=_short(failure.vendor, "vendor"),
        operation=_short(failure.operation, "operation"),
        status=failure.status,
        outcome=_short(failure.outcome, "outcome"),
        latency_ms=failure.latency_ms,
        attempt=failure.attempt,
        request_id=_short(failure.request_id, "request_id"),
        excerpt=masked(failure.excerpt, CallFailure.EXCERPT),
        at=datetime.fromtimestamp(failure.at, UTC),
    )


def _short(text: str, field: str) -> str:
    """What the column holds: one row that cannot be stored would keep all others from it."""
    column = CallFailure._meta.get_field(field)
    assert isinstance(column, CharField)
    return printable(text)[: column.max_length]


def trim(now: datetime | None = None) -> int:
    """Delete what has been kept long enough; returns how many rows went."""
    now = now or timezone.now()
    failures, _ = CallFailure.objects.filter(at__lt=now - FAILURES_KEPT).delete()
    counts, _ = CallCount.objects.filter(minute__lt=now - COUNTS_KEPT).delete()
    return failures + counts
