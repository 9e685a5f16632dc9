"""Many deliveries with their contents in one commit, as cheaply as each database can, each once."""

import json
from collections.abc import Sequence
from datetime import date, datetime

import psycopg
from django.db import connection, transaction

# What the door knows of a delivery, and what `rules` add to it.
COLUMNS = ("source", "external_id", "kind", "object_key", "headers", "body", "request_id", "received_at")
STORED = (*COLUMNS, "expires_on")
Row = tuple[object, ...]

_NARROW = tuple(name for name in STORED if name not in ("headers", "body"))
_NAMES = ", ".join((*_NARROW, "state", "attempts", "due_at", "facts", "error"))


def insert(rows: Sequence[Row]) -> None:
    """Insert deliveries (`STORED`); those whose (source, external id) is known already are passed over."""
    # In one order everywhere: two that insert the same ids then wait for each other, and never in a circle.
    once = {row[:2]: row for row in rows}
    _INSERT[connection.vendor]([once[key] for key in sorted(once)])


# One array a column, in the binary format: the statement stays the same for one row and for five hundred, and nothing
# is spelled out as text. Django's own cursor would do so on our side, at ten times the cost.
_TYPES = {"body": "bytea", "received_at": "timestamptz", "expires_on": "date"}
_ARRAYS = ", ".join(f"%b::{_TYPES.get(name, 'text')}[]" for name in STORED)
_POSTGRESQL = (
    f"WITH given AS (SELECT * FROM unnest({_ARRAYS}) AS given ({', '.join(STORED)})), "  # noqa: S608  constants
    f"stored AS (INSERT INTO webhooks_delivery ({_NAMES}) "
    f"SELECT {', '.join(_NARROW)}, 'pending', 0, received_at, '[]'::jsonb, '' FROM given "
    "ON CONFLICT DO NOTHING RETURNING id, source, external_id) "
    "INSERT INTO webhooks_contents (expires_on, delivery_id, headers, body) "
    "SELECT expires_on, id, headers::jsonb, body FROM stored JOIN given USING (source, external_id)"
)
_NEVER = 1 << 30


def _insert_postgresql(rows: Sequence[Row]) -> None:
    columns = [list(column) for column in zip(*rows, strict=True)]
    connection.ensure_connection()
    if not connection.settings_dict.get(
        "DISABLE_SERVER_SIDE_CURSORS"
    ):  # Django's word for a pooler that keeps no sessions
        # Planned once a connection, which halves what PostgreSQL does for a row; nothing else is prepared of itself.
        connection.connection.prepare_threshold = _NEVER
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(_POSTGRESQL, columns, prepare=True)


# The narrow rows as one JSON document: one statement however many they are, which names those that are new.
_FIELDS = {name: f"json_extract(value, '$[{place}]')" for place, name in enumerate(_NARROW)}
_SQLITE = (
    f"INSERT OR IGNORE INTO webhooks_delivery ({_NAMES}) "  # noqa: S608  constants of this module
    f"SELECT {', '.join(_FIELDS.values())}, 'pending', 0, {_FIELDS['received_at']}, '[]', '' "
    "FROM json_each(%s) WHERE true RETURNING id, source, external_id"
)
_SQLITE_CONTENTS = "INSERT INTO webhooks_contents (expires_on, delivery_id, headers, body) VALUES (%s, %s, %s, %s)"


def _insert_sqlite(rows: Sequence[Row]) -> None:
    given = {row[:2]: dict(zip(STORED, row, strict=True)) for row in rows}
    narrow = json.dumps(
        [[row[name] for name in _NARROW] for row in given.values()], default=_sqlite_time, ensure_ascii=False
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_SQLITE, [narrow])
        new = [(key, given[source, identifier]) for key, source, identifier in cursor.fetchall()]
        contents = [(row["expires_on"], key, row["headers"], row["body"]) for key, row in new]
        cursor.executemany(_SQLITE_CONTENTS, contents)  # type: ignore[arg-type]


def _sqlite_time(value: object) -> str:
    assert isinstance(value, date)
    return value.replace(tzinfo=None).isoformat(" ") if isinstance(value, datetime) else value.isoformat()


_INSERT = {"postgresql": _insert_postgresql, "sqlite": _insert_sqlite}
