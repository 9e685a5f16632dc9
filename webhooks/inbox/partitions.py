"""The partitions of the contents on PostgreSQL: one for each day on which something expires, and one for the rest.

https://www.postgresql.org/docs/15/ddl-partitioning.html. Beside a default partition none can be detached concurrently,
so whatever locks the table gives up after `PATIENCE`: for no longer do arrivals wait behind it.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

import structlog
from django.db import OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper

log = structlog.get_logger("inbox")

TABLE = "webhooks_contents"
DEFAULT = f"{TABLE}_default"
PATIENCE = "200ms"

_CHILDREN = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass"


def in_use() -> bool:
    """Whether the database has partitions at all."""
    return connection.vendor == "postgresql"


def days() -> set[date]:
    """The days that have a partition of their own."""
    with connection.cursor() as cursor:
        return _days(cursor)


def _days(cursor: CursorWrapper) -> set[date]:
    cursor.execute(_CHILDREN, [TABLE])
    names = [name.rpartition("_")[2] for (name,) in cursor.fetchall()]
    return {datetime.strptime(name, "%Y%m%d").date() for name in names if name.isdigit()}  # noqa: DTZ007  a date


def strays() -> set[date]:
    """The days of which there is something in the default partition."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT expires_on FROM {DEFAULT}")  # noqa: S608  a constant of this module
        return {day for (day,) in cursor.fetchall()}


def make(wanted: Iterable[date]) -> int:
    """Make the partitions that are missing, and move into them what the default one has of their days."""
    return sum(_make(day) for day in sorted(set(wanted) - days()))


def _make(day: date) -> bool:
    name, following = _name(day), day + timedelta(days=1)
    with _changing() as cursor:
        if day in _days(cursor):
            return False
        # Attached only once it is filled: meanwhile others read and write what there is.
        cursor.execute(f"LOCK TABLE {DEFAULT} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(f"CREATE TABLE {name} (LIKE {TABLE} INCLUDING ALL)")
        cursor.execute(
            f"WITH moved AS (DELETE FROM {DEFAULT} WHERE expires_on = %s RETURNING *) "  # noqa: S608  constants, a date
            f"INSERT INTO {name} SELECT * FROM moved",
            [day],
        )
        cursor.execute(f"ALTER TABLE {TABLE} ATTACH PARTITION {name} FOR VALUES FROM (%s) TO (%s)", [day, following])
        return True
    return False


def drop(day: date) -> bool:
    """Let everything that expires on this day go at once; False when somebody kept the table for too long."""
    with _changing() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {_name(day)}")
        return True
    return False


@contextmanager
def _changing() -> Iterator[CursorWrapper]:
    """One change of the partitions at a time, all of it or nothing; given up when it would make others wait."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
            cursor.execute(f"LOCK TABLE {TABLE} IN SHARE UPDATE EXCLUSIVE MODE")
            yield cursor
    except OperationalError as error:
        log.warning("partition.postponed", error=repr(error))


def _name(day: date) -> str:
    return f"{TABLE}_{day:%Y%m%d}"
