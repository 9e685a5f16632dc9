"""The servers that some tests need: found where they answer, else the test is skipped with the reason, or fails.

`PATCHBAY_REQUIRE_SERVICES=1` turns the skips into failures.
"""

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import LiteralString
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis
from kombu import Connection
from psycopg import sql

DATABASE = os.environ.get("TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/9")
BROKER = os.environ.get("TEST_BROKER_URL", "amqp://guest:guest@127.0.0.1:5672//")


def need(what: str, problem: str) -> None:
    """Skip for want of `what`, or fail when the services are required."""
    if not problem:
        return
    reason = f"{what} is not there: {problem}"
    if os.environ.get("PATCHBAY_REQUIRE_SERVICES") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@cache
def missing_postgresql() -> str:
    try:
        psycopg.connect(DATABASE, connect_timeout=20).close()
    except psycopg.Error as error:
        return str(error)
    return ""


@cache
def missing_redis() -> str:
    try:
        redis.Redis.from_url(REDIS, socket_connect_timeout=20).ping()
    except redis.RedisError as error:
        return str(error)
    return ""


@cache
def missing_broker() -> str:
    try:
        with Connection(BROKER, connect_timeout=20) as broker:
            broker.ensure_connection(max_retries=1, timeout=20)
    except Exception as error:  # each transport has errors of its own
        return repr(error)
    return ""


def create_database(server: str, name: str, template: str = "template1") -> str:
    """The URL of a new database on the server: empty, or a copy of the one called `template`."""
    _administer(server, "CREATE DATABASE {} TEMPLATE {}", name, template)
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


def drop_database(server: str, name: str) -> str:
    """Drop it, whoever is still connected."""
    _administer(server, "DROP DATABASE {} WITH (FORCE)", name)
    return ""


def _administer(server: str, statement: LiteralString, *names: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def database(template: str = "template1") -> Iterator[str]:
    """The URL of a new database, dropped afterwards."""
    need("PostgreSQL", missing_postgresql())
    name = f"patchbay_{uuid.uuid4().hex[:12]}"
    try:
        yield create_database(DATABASE, name, template)
    finally:
        drop_database(DATABASE, name)


def again_on(url: str, *words: str) -> str:
    """What pytest says of these tests once more, on that database: SQLite lets one writer in at a time, so it can hide
    what two of them would do to each other."""
    run = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        env=os.environ | {"DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert run.returncode == 0, run.stdout
    return run.stdout


@pytest.fixture
def postgresql() -> Iterator[str]:
    """The URL of an empty database."""
    with database() as url:
        yield url


@pytest.fixture
def redis_url() -> str:
    """The URL of a Redis."""
    need("Redis", missing_redis())
    return REDIS


@pytest.fixture
def servers(redis_url: str) -> dict[str, str]:
    """The variables that name Redis and RabbitMQ."""
    need("the broker", missing_broker())
    return {"REDIS_URL": redis_url, "BROKER_URL": BROKER}


@pytest.fixture
def services(postgresql: str, servers: dict[str, str]) -> dict[str, str]:
    """The variables of the grown topology: PostgreSQL, Redis and RabbitMQ."""
    return {"DATABASE_URL": postgresql, **servers}


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
    need("Chromium", "" if path else "none of its names is on the path")
    return path


if __name__ == "__main__":
    verb, server, name = sys.argv[1:]
    print({"create": create_database, "drop": drop_database}[verb](server, name))
