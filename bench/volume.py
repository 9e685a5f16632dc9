"""What it costs to accept a webhook when many are stored already, beside a table that is empty."""

import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from statistics import median

import psycopg
from psycopg import sql

from bench import databases, servers
from bench.ingest import ENVIRONMENT, Contestant
from bench.report import Line, Result

# Many and short: what else the machine does in the meantime disturbs both alike.
ROUNDS = 15
SHARE = 0.4  # of a usual round
# Enough to keep the writer busy, and few enough that a latency is not mostly the wait for a processor.
CONNECTIONS = 8
EXPECTED = 1.1
DAYS = 30
AT_ONCE = 500_000

TABLE = "webhooks_delivery"
INDEXES = """
SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s
AND indexname NOT IN (SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass)
"""
UNIQUE = "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'u'"
DELIVERIES = """
INSERT INTO webhooks_delivery (source, external_id, kind, object_key, request_id, received_at, expires_on, state,
    attempts, due_at, handled_at, facts, error)
SELECT 'stripe', 'evt_' || left(md5(n::text), 24), 'payment_intent.succeeded', 'pi_' || left(md5((n / 3)::text), 24),
    md5((-n)::text), at, at::date + %(days)s, 'handled', 1, at, at,
    '[{"fact": "PaymentChanged", "source": "stripe", "reference": "pi_3Q2patchbay000000000000000", "attempt": ""}]', ''
FROM (
    SELECT n, now() - n * interval '1 day' * %(days)s / %(rows)s AS at
    FROM generate_series(%(first)s::int, %(last)s::int) n
) numbered
"""
CONTENTS = "INSERT INTO webhooks_contents SELECT expires_on, id, '{}', '{}' FROM webhooks_delivery"


def run(folder: Path, seconds: float, rows: int) -> Result:
    """Short rounds in turns on PostgreSQL: one database is empty, the other has `rows` deliveries of 30 days."""
    if not databases.postgresql_answers():
        return Result("volume", [], {"skipped": "PostgreSQL is not there"})
    with databases.postgresql(folder) as copies, ExitStack() as stack:
        kept = {name: copies(name) for name in ("empty", "full")}
        started = time.monotonic()
        fill(kept["full"].url, rows)
        filled = time.monotonic() - started
        size = _size(kept["full"].url)
        rivals = [
            Contestant(name, _serve(stack, folder, name, database.url), database, connections=CONNECTIONS)
            for name, database in kept.items()
        ]
        for number in range(ROUNDS):
            for rival in rivals if number % 2 else reversed(rivals):
                rival.compete(seconds * SHARE)
    rounds = {rival.name: [asdict(outcome) for outcome in rival.rounds] for rival in rivals}
    return Result("volume", _lines(rows, *rivals), {"rows": rows, "bytes": size, "filled in": filled, "rounds": rounds})


def _serve(stack: ExitStack, folder: Path, name: str, url: str) -> int:
    environment = {**ENVIRONMENT, "DATABASE_URL": url}
    return stack.enter_context(servers.serving(["manage.py", "serve"], environment, folder / f"{name}.log"))


def fill(url: str, rows: int) -> None:
    """Store so many deliveries of the last 30 days, with small contents; their indexes are made afterwards."""
    with psycopg.connect(url, autocommit=True) as connection:
        indexes = connection.execute(INDEXES, [TABLE, TABLE]).fetchall()
        unique = connection.execute(UNIQUE, [TABLE]).fetchall()
        for name, _ in unique:
            connection.execute(sql.SQL("ALTER TABLE webhooks_delivery DROP CONSTRAINT {}").format(sql.Identifier(name)))
        for name, _ in indexes:
            connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
        _partition(connection)
        for first in range(1, rows + 1, AT_ONCE):
            portion = {"first": first, "last": min(rows, first + AT_ONCE - 1), "rows": rows, "days": DAYS}
            connection.execute(DELIVERIES, portion)
        connection.execute(CONTENTS)
        for _, definition in indexes:
            connection.execute(definition)
        for name, definition in unique:
            connection.execute(f"ALTER TABLE webhooks_delivery ADD CONSTRAINT {name} {definition}")
        connection.execute("VACUUM (ANALYZE) webhooks_delivery, webhooks_contents")
        connection.execute("CHECKPOINT")


def _partition(connection: psycopg.Connection) -> None:
    """One for every day on which something that is stored expires, as there would be."""
    for ahead in range(DAYS + 1):
        connection.execute(
            f"DO $$ DECLARE day date := current_date + {ahead}; BEGIN EXECUTE format('CREATE TABLE IF NOT EXISTS "
            "webhooks_contents_%s PARTITION OF webhooks_contents FOR VALUES FROM (%L) TO (%L)', "
            "to_char(day, 'YYYYMMDD'), day, day + 1); END $$"
        )


def _size(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        assert row
        return int(row[0])


def _lines(rows: int, empty: Contestant, full: Contestant) -> list[Line]:
    slow, quick = (median(outcome.p95 for outcome in rival.rounds) for rival in (full, empty))
    met = slow <= EXPECTED * quick
    return [
        Line(f"accept, p95, at {rows:,} rows, beside none", slow, quick, "ms", f"≤ {EXPECTED}×", met),
        Line(f"accepted at {rows:,} rows, beside none", full.rate, empty.rate, "/s"),
    ]
