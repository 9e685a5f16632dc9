"""Fresh databases to measure on, migrated once, copied for each contestant, and dropped afterwards."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from urllib.parse import urlsplit

import psycopg
import redis
from psycopg import sql

from bench import servers

SERVER = os.environ.get("TEST_DATABASE_URL") or "postgres://postgres@127.0.0.1:5432/postgres"
REDIS = os.environ.get("TEST_REDIS_URL") or "redis://127.0.0.1:6379/9"
COUNT = "SELECT count(*) FROM webhooks_delivery"


@dataclass(frozen=True)
class Database:
    """A migrated database at `url`; `count` asks it how many deliveries it holds."""

    url: str
    count: Callable[[], int]


Copies = Callable[[str], Database]


@contextmanager
def sqlite(folder: Path) -> Iterator[Copies]:
    """Copies of a migrated SQLite database, one a name."""
    template = folder / "template.sqlite3"
    _migrate(f"sqlite:///{template}")

    def copy(name: str) -> Database:
        path = folder / f"{name}.sqlite3"
        shutil.copy(template, path)
        return Database(f"sqlite:///{path}", lambda: _count_sqlite(path))

    yield copy


@contextmanager
def postgresql(_folder: Path) -> Iterator[Copies]:
    """Copies of a migrated PostgreSQL database, one a name; all are dropped at the end."""
    prefix, made = f"patchbay_bench_{token_hex(4)}", []

    def create(name: str, options: str = "") -> str:
        _command(f"CREATE DATABASE {{}} {options}", f"{prefix}_{name}")
        made.append(f"{prefix}_{name}")
        return urlsplit(SERVER)._replace(path=f"/{prefix}_{name}").geturl()

    def copy(name: str) -> Database:
        url = create(name, f"TEMPLATE {prefix}_template")
        return Database(url, lambda: _count_postgresql(url))

    try:
        _migrate(create("template"))
        yield copy
    finally:
        for name in made:
            _command("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


@contextmanager
def blank() -> Iterator[str]:
    """The URL of a PostgreSQL database with nothing in it, dropped at the end."""
    name = f"patchbay_bench_{token_hex(4)}"
    _command("CREATE DATABASE {}", name)
    try:
        yield urlsplit(SERVER)._replace(path=f"/{name}").geturl()
    finally:
        _command("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def postgresql_answers() -> bool:
    """Whether there is a PostgreSQL to measure on: `TEST_DATABASE_URL`, or a local one."""
    try:
        psycopg.connect(SERVER, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def redis_keys() -> Iterator[tuple[str, str]]:
    """A Redis (`TEST_REDIS_URL`, or a local one; empty when none answers) and a word to have in every key.

    Keys with the word are deleted at the end.
    """
    word = f"bench{token_hex(4)}"
    client = redis.Redis.from_url(REDIS, socket_connect_timeout=2)
    try:
        client.ping()
    except redis.ConnectionError:
        yield "", word
        return
    try:
        yield REDIS, word
    finally:
        for key in client.scan_iter(f"*{word}*"):
            client.delete(key)


def _migrate(url: str) -> None:
    servers.run(["manage.py", "migrate", "-v0"], {"DATABASE_URL": url})


def _command(statement: str, name: str) -> None:
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))


def _count_sqlite(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(COUNT).fetchone()[0])


def _count_postgresql(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(COUNT).fetchone()
        assert row
        return int(row[0])
