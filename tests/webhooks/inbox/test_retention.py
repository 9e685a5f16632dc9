"""What goes and what stays, day by day."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from tests.webhooks.arrivals import arrive
from webhooks.care import orders
from webhooks.care.audit import at_command_line
from webhooks.care.choice import Choice, Plan
from webhooks.care.orders import replay
from webhooks.inbox import partitions, retention
from webhooks.inbox.contents import content_of, contents_of
from webhooks.inbox.retention import purge
from webhooks.models import Contents, Delivery, Heartbeat, SourceRule

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LAST_DAY = NOW + timedelta(days=30)  # of what arrived now
FACT = {"fact": "MailReported", "source": "sendgrid", "mail": "1", "recipient": "ada@example.com"}


def arrived(days: float, state: str = "handled", **fields: object) -> Delivery:
    """A delivery that came so many days before `NOW`, or after it when below none."""
    return arrive(received_at=NOW - timedelta(days=days), state=state, **fields)


def kept() -> set[str]:
    rows = list(Delivery.objects.all())
    found = contents_of(rows)
    return {row.external_id for row in rows if row.pk in found}


def test_contents_stay_through_their_last_day_and_go_on_the_next() -> None:
    arrived(0, external_id="d-1")
    purge(LAST_DAY)
    assert kept() == {"d-1"}
    purge(LAST_DAY + timedelta(days=1))
    assert kept() == set()
    assert Delivery.objects.count() == 1


def test_every_source_has_its_own_days() -> None:
    SourceRule.objects.create(slug="stripe", keep_days=3)
    for source in ("stripe", "github"):
        arrived(0, source=source, external_id=source)
    purge(NOW + timedelta(days=4))
    assert kept() == {"github"}


@pytest.mark.parametrize("state", ["pending", "dead"])
def test_what_is_not_finished_keeps_its_contents_until_a_week_after(state: str) -> None:
    row = arrived(40, state, body=b"kept")
    for weeks in range(3):
        purge(NOW + timedelta(weeks=weeks))
        content = content_of(row)  # read with the day that was known before
        assert content is not None
        assert content.body == b"kept"
    Delivery.objects.update(state="handled")
    purge(NOW + timedelta(weeks=2, days=8))
    assert content_of(row) is None


def test_a_replay_just_before_its_day_goes_keeps_what_it_came_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    row, other = arrived(40, body=b"kept"), arrived(40)
    looked = retention._part

    def then_replayed(*given: Any) -> None:
        looked(*given)
        assert replay(Choice(picked=(row.pk,)), at_command_line(), "again").count == 1

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(retention, "_part", then_replayed)
        purge(NOW)
    content = content_of(Delivery.objects.get(pk=row.pk))
    assert content is not None
    assert content.body == b"kept"
    assert content_of(other) is None
    purge(NOW + timedelta(days=6))
    assert content_of(Delivery.objects.get(pk=row.pk)) is not None


def test_what_went_between_the_plan_of_a_replay_and_its_order_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    row, planned = arrived(40), orders.plan

    def then_gone(*given: Any) -> Plan:
        plan = planned(*given)
        purge(NOW)
        return plan

    monkeypatch.setattr(orders, "plan", then_gone)
    assert replay(Choice(picked=(row.pk,)), at_command_line(), "again").count == 0
    row.refresh_from_db()
    assert (row.state, row.expires_on) == ("handled", (NOW - timedelta(days=10)).date())


def test_facts_keep_only_what_names_them_when_the_contents_go() -> None:
    row, dead = arrived(40, facts=[FACT]), arrived(40, "dead", facts=[FACT])
    purge(NOW)
    row.refresh_from_db()
    dead.refresh_from_db()
    assert (row.facts, dead.facts) == ([{"fact": "MailReported", "source": "sendgrid", "mail": "1"}], [FACT])


def test_a_delivery_is_forgotten_much_later_unless_it_is_not_finished() -> None:
    for state in ("handled", "ignored", "pending", "dead"):
        arrived(401, state, external_id=state)
    arrived(399, external_id="younger")
    purge(NOW)
    assert set(Delivery.objects.values_list("external_id", flat=True)) == {"pending", "dead", "younger"}


def test_contents_are_never_outlived_by_what_is_forgotten() -> None:
    SourceRule.objects.create(slug="github", keep_days=500)
    arrived(401, external_id="kept for longer")
    purge(NOW)
    assert kept() == {"kept for longer"}


def test_many_are_let_go_in_small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 3)
    for number in range(8):
        arrived(500, "dead" if number == 4 else "handled")
    purge(NOW)
    assert (Delivery.objects.count(), Contents.objects.count()) == (1, 1)


def test_purging_again_finds_nothing_to_do_and_says_when_it_was() -> None:
    arrived(40)
    assert purge(NOW) > 0
    assert purge(NOW) == 0
    assert Heartbeat.objects.get(name="purge").at == NOW


@pytest.mark.parametrize("_run", range(20))
def test_several_that_purge_at_once_and_one_that_stores_are_not_in_each_others_way(_run: int) -> None:
    for number in range(12):
        arrived(40 + number % 3, "dead" if number % 4 == 0 else "handled", external_id=f"d-{number}")
    barrier = threading.Barrier(4)

    def work(number: int) -> None:
        barrier.wait(timeout=60)
        try:
            if number:
                purge(NOW)
            else:
                arrived(0, external_id="new")
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    purge(NOW)  # what one of them left to another
    assert kept() == {"d-0", "d-4", "d-8", "new"}


postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL: SQLite has no partitions")


@postgresql
def test_partitions_are_made_for_a_week_ahead_of_every_rule() -> None:
    SourceRule.objects.create(slug="stripe", keep_days=3)
    purge(NOW)
    assert {date(2026, 11, 27), date(2026, 12, 4), date(2026, 12, 24), date(2026, 12, 31)} <= partitions.days()


@postgresql
def test_what_has_no_partition_lands_in_the_default_one_and_moves_when_there_is_one() -> None:
    row = arrived(-300, body=b"far")
    assert partitions.strays() == {row.expires_on}
    purge(NOW)
    assert partitions.strays() == set()
    content = content_of(row)
    assert content is not None
    assert content.body == b"far"


@postgresql
def test_what_expires_in_the_default_partition_goes_too() -> None:
    arrived(300, external_id="old")
    assert partitions.strays()
    purge(NOW)
    assert (partitions.strays(), kept()) == (set(), set())


@postgresql
def test_a_day_is_dropped_in_one_piece() -> None:
    purge(NOW)
    arrived(0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT tableoid::regclass::text FROM webhooks_contents")
        assert cursor.fetchall() == [("webhooks_contents_20261224",)]
    purge(LAST_DAY + timedelta(days=1))
    assert LAST_DAY.date() not in partitions.days()


@postgresql
def test_a_table_that_somebody_holds_is_left_for_the_next_time() -> None:
    purge(NOW)
    arrived(0)
    held, go = threading.Event(), threading.Event()

    def hold() -> None:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN; SELECT count(*) FROM webhooks_contents")
            held.set()
            go.wait(60)
            cursor.execute("ROLLBACK")
        connection.close()

    reader = threading.Thread(target=hold)
    reader.start()
    try:
        assert held.wait(60)
        purge(LAST_DAY + timedelta(days=1))
        assert LAST_DAY.date() in partitions.days()
        arrived(0)  # and nobody was kept from storing
    finally:
        go.set()
        reader.join()
    purge(LAST_DAY + timedelta(days=1))
    assert LAST_DAY.date() not in partitions.days()


@postgresql
def test_one_look_at_a_delivery_looks_into_one_partition() -> None:
    purge(NOW)
    row = arrived(0)
    query = Contents.objects.filter(expires_on__in={row.expires_on}, delivery_id__in=[row.pk])
    assert query.explain().count("webhooks_contents_2") == 1 + query.explain().count("webhooks_contents_20261224_pkey")
