"""Many deliveries in one statement and one commit, as cheaply as each database can."""

from collections.abc import Sequence
from datetime import datetime

import psycopg
from django.db import connection, transaction

COLUMNS = ("source", "external_id", "kind", "object_key", "headers", "body", "request_id", "received_at")
Row = tuple[object, ...]

_NAMES = ", ".join((*COLUMNS, "state", "attempts", "due_at", "facts", "error"))


def insert(rows: Sequence[Row]) -> None:
    """Insert deliveries (`COLUMNS`); those whose (source, external id) is known already are passed over."""
    _INSERT[connection.vendor](rows)


# One array a column, in the binary format: the statement stays the same for one row and for five hundred, and nothing
# is spelled out as text. Django's own cursor would do so on our side, at ten times the cost.
_TYPES = {"body": "bytea", "received_at": "timestamptz"}
_ARRAYS = ", ".join(f"%b::{_TYPES.get(name, 'text')}[]" for name in COLUMNS)
_GIVEN = ", ".join("headers::jsonb" if name == "headers" else name for name in COLUMNS)
_POSTGRESQL = (
    f"INSERT INTO webhooks_delivery ({_NAMES}) "  # noqa: S608  constants of this module
    f"SELECT {_GIVEN}, 'pending', 0, now(), '[]'::jsonb, '' "
    f"FROM unnest({_ARRAYS}) AS given ({', '.join(COLUMNS)}) ON CONFLICT DO NOTHING"
)


def _insert_postgresql(rows: Sequence[Row]) -> None:
    columns = [list(column) for column in zip(*rows, strict=True)]
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(_POSTGRESQL, columns)


_SQLITE = (
    f"INSERT OR IGNORE INTO webhooks_delivery ({_NAMES}) "  # noqa: S608  constants of this module
    f"VALUES ({', '.join(['%s'] * len(COLUMNS))}, 'pending', 0, %s, '[]', '')"
)


def _insert_sqlite(rows: Sequence[Row]) -> None:
    adapted = [(*row[:-1], _sqlite_time(row[-1]), _sqlite_time(row[-1])) for row in rows]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(_SQLITE, adapted)  # type: ignore[arg-type]


def _sqlite_time(value: object) -> str:
    assert isinstance(value, datetime)
    return value.replace(tzinfo=None).isoformat(" ")


_INSERT = {"postgresql": _insert_postgresql, "sqlite": _insert_sqlite}
