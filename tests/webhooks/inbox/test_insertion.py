"""One commit for many deliveries: each once, whoever else is at it, and with few statements."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime
from random import Random

import psycopg
import pytest
from django.db import connection

from tests.webhooks.test_ingest import post
from webhooks.inbox.contents import content_of, contents_of
from webhooks.inbox.insertion import insert
from webhooks.inbox.writer import Inbox
from webhooks.models import Contents, Delivery

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def row(identifier: str, body: bytes = b"{}", source: str = "github", object_key: str = "") -> tuple[object, ...]:
    return (source, identifier, "push", object_key, '{"a": "b"}', body, "r-12345678", NOW, date(2026, 12, 24))


def test_a_batch_keeps_every_byte_and_every_character() -> None:
    body = bytes(range(256)) * 20
    insert([row("d-1", body, object_key='quote " back \\ é 😀'), row("d-2", b"")])
    first, second = Delivery.objects.order_by("external_id")
    assert (first.object_key, first.received_at, first.due_at) == ('quote " back \\ é 😀', NOW, NOW)
    assert (first.expires_on, first.state, first.attempts, first.facts) == (date(2026, 12, 24), "pending", 0, [])
    found = contents_of([first, second])
    assert (found[first.pk].body, found[second.pk].body) == (body, b"")
    assert found[first.pk].headers == {"a": "b"}


def test_of_two_with_one_id_in_a_batch_one_is_stored_with_its_own_contents() -> None:
    insert([row("d-1", b"1"), row("d-2", b"2"), row("d-1", b"1"), row("d-1", b"1", source="stripe")])
    assert Delivery.objects.count() == Contents.objects.count() == 3


def test_what_comes_again_after_its_contents_have_gone_brings_them_back_to_nobody() -> None:
    insert([row("d-1")])
    Contents.objects.all().delete()
    insert([row("d-1"), row("d-2")])
    assert (Delivery.objects.count(), Contents.objects.count()) == (2, 1)
    assert content_of(Delivery.objects.get(external_id="d-1")) is None


@pytest.mark.parametrize("seed", range(20))
def test_sixteen_writers_of_the_same_ids_store_each_once_and_none_is_refused(seed: int) -> None:
    ids, barrier = [f"d-{number}" for number in range(40)], threading.Barrier(16)

    def write(number: int) -> None:
        mine = Random(seed * 100 + number).sample(ids, 30)  # in another order than all the others
        barrier.wait(timeout=60)
        try:
            for start in range(0, 30, 10):
                insert([row(identifier, identifier.encode()) for identifier in mine[start : start + 10]])
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(write, range(16)))
    stored = list(Delivery.objects.all())
    assert len(stored) == len({delivery.external_id for delivery in stored}) == Contents.objects.count()
    bodies = contents_of(stored)
    assert all(bodies[delivery.pk].body == delivery.external_id.encode() for delivery in stored)


@contextmanager
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every statement that any connection executes meanwhile, but for the beginnings and ends of transactions."""
    told: list[str] = []

    def note(statement: str) -> None:
        if not statement.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "PRAGMA")):
            told.append(statement)

    with monkeypatch.context() as patch:
        if connection.vendor == "sqlite":
            patch.setattr(sqlite3, "connect", _traced(sqlite3.connect, note))
            patch.setattr("django.db.backends.sqlite3.base.Database.connect", sqlite3.connect)
        else:
            patch.setattr(psycopg.Cursor, "execute", _noted(psycopg.Cursor.execute, note))
        yield told


def _traced(connect: Callable[..., sqlite3.Connection], note: Callable[[str], None]) -> Callable[..., object]:
    def wrapper(*args: object, **kwargs: object) -> sqlite3.Connection:
        opened = connect(*args, **kwargs)
        opened.set_trace_callback(note)
        return opened

    return wrapper


def _noted(execute: Callable[..., object], note: Callable[[str], None]) -> Callable[..., object]:
    def wrapper(cursor: object, query: object, *args: object, **kwargs: object) -> object:
        note(str(query))
        return execute(cursor, query, *args, **kwargs)

    return wrapper


def test_accepting_takes_two_data_queries_at_most_and_refusing_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with statements(monkeypatch) as told:
        inbox = Inbox()
        inbox.start()
        try:
            assert post(inbox).status == 200  # opens the connection, and has the rules of the sources
            before = len(told)
            given = {"d-2": 200, "d-3": 200}
            for identifier, status in given.items():
                assert post(inbox, given=headers_for(identifier)).status == status
            accepted = told[before:]
            assert post(inbox, given=[]).status == 400
        finally:
            inbox.stop()
    assert len(accepted) / len(given) == {"postgresql": 1, "sqlite": 2}[connection.vendor], accepted
    assert told[before:] == accepted


def headers_for(identifier: str) -> list[tuple[bytes, bytes]]:
    from tests.webhooks.test_ingest import headers

    return headers(identifier=identifier)
