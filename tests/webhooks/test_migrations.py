"""Tables that are in use are changed without keeping those who use them waiting."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import psycopg
import pytest

HELD = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('outbox_at')"


def migrate(url: str, name: str) -> "subprocess.Popen[str]":
    words = [sys.executable, "manage.py", "migrate", "-v0", "webhooks", name]
    variables = os.environ | {"DATABASE_URL": url, "PATCHBAY_SANDBOX": "1"}
    return subprocess.Popen(words, env=variables, stderr=subprocess.PIPE, text=True)


def migrated(url: str, name: str) -> None:
    running = migrate(url, name)
    _, error = running.communicate(timeout=120)
    assert running.returncode == 0, error


@pytest.fixture
def elder(postgresql: str) -> Iterator[tuple[str, psycopg.Connection]]:
    """A database as it was before endpoints had rates, and a connection that is at work in it."""
    migrated(postgresql, "0009")
    with psycopg.connect(postgresql) as connection:
        yield postgresql, connection


def test_rates_come_only_where_nobody_is_kept_waiting_for_long(elder: tuple[str, psycopg.Connection]) -> None:
    url, busy = elder
    busy.execute("SELECT count(*) FROM webhooks_endpoint")
    running = migrate(url, "0010")
    _, error = running.communicate(timeout=120)
    assert running.returncode
    assert "lock timeout" in error
    busy.rollback()
    migrated(url, "0011")
    assert busy.execute(VALID).fetchone() is None


def test_others_publish_while_the_outbox_is_indexed(elder: tuple[str, psycopg.Connection]) -> None:
    url, busy = elder
    migrated(url, "0011")
    busy.execute("LOCK TABLE webhooks_outboxevent IN ROW EXCLUSIVE MODE")
    running = migrate(url, "0012")
    with psycopg.connect(url, autocommit=True) as other:
        end = time.monotonic() + 60
        while other.execute(HELD).fetchone() == (0,):
            assert time.monotonic() < end
            assert running.poll() is None
            time.sleep(0.05)
        with other.transaction():
            other.execute("LOCK TABLE webhooks_outboxevent IN ROW EXCLUSIVE MODE NOWAIT")
        busy.rollback()
        _, error = running.communicate(timeout=120)
        assert running.returncode == 0, error
        assert other.execute(VALID).fetchone() == (True,)


def test_a_build_that_was_interrupted_is_begun_again(elder: tuple[str, psycopg.Connection]) -> None:
    url, connection = elder
    migrated(url, "0011")
    connection.execute("CREATE INDEX outbox_at ON webhooks_outboxevent (name)")
    connection.commit()
    migrated(url, "0012")
    definition = connection.execute("SELECT pg_get_indexdef(to_regclass('outbox_at'))").fetchone()
    assert definition
    assert str(definition[0]).endswith("(at)")
    connection.rollback()
    migrated(url, "0009")
    assert connection.execute(VALID).fetchone() is None
