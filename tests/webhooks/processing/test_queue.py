"""Whose turn it is: lanes, shares, and claims that cost the same however long the queue is."""

import re
from collections import Counter
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations.contract import Lane
from tests.webhooks.arrivals import arrive
from tests.webhooks.processing.conftest import push
from webhooks.inbox import rules
from webhooks.inbox.insertion import insert
from webhooks.models import Delivery
from webhooks.processing import queue
from webhooks.processing.drain import FIRST, work_off
from webhooks.processing.queue import MOST_SOURCES, claim
from webhooks.processing.speakers import lane

pytestmark = pytest.mark.django_db(transaction=True)


def flood(source: str, count: int, kind: str = "open", key: str = "") -> None:
    now = timezone.now()
    for start in range(0, count, 500):
        numbers = range(start, min(start + 500, count))
        rows = [(source, f"{source}{key}-{n}", kind, key, "{}", b"{}", "", now) for n in numbers]
        insert(rules.current().applied(rows))


def sources(rows: list[Delivery]) -> Counter[str]:
    return Counter(row.source for row in rows)


def test_behind_ten_thousand_mail_reports_a_payment_is_handled_within_one_batch() -> None:
    flood("sendgrid", 10_000)
    payment = arrive("charge.updated", source="stripe")
    batch = claim(FIRST)
    assert batch[0] == payment
    work_off(batch)
    payment.refresh_from_db()
    assert payment.state == "ignored"  # its kind is one we set aside: it has been processed


def test_who_moves_money_is_urgent_and_reports_of_mail_are_not() -> None:
    assert [lane(source) for source in ("stripe", "github", "sendgrid", "nobody")] == [
        Lane.URGENT, Lane.NORMAL, Lane.BULK, Lane.NORMAL,
    ]  # fmt: skip


def test_every_source_that_waits_has_its_share_of_a_batch() -> None:
    for source in ("sendgrid", "github", "stripe"):
        flood(source, 200)
    assert sources(claim(100)) == {"stripe": 76, "github": 19, "sendgrid": 5}


def test_what_a_source_leaves_of_its_share_goes_to_the_others() -> None:
    flood("sendgrid", 200)
    flood("stripe", 3)
    assert sources(claim(100)) == {"stripe": 3, "sendgrid": 97}


def test_a_share_taken_up_by_what_waits_behind_another_is_not_lost() -> None:
    flood("github", 200, key="hot")
    flood("sendgrid", 200)
    assert sources(claim(100)) == {"github": 1, "sendgrid": 99}


def test_of_too_many_sources_none_is_starved(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail source is drawn in one batch of twelve: thirty by real chance would leave it out once in twenty times."""
    monkeypatch.setattr(queue, "random", Random(1))
    for number in range(3 * MOST_SOURCES):
        flood(f"custom-{number}", 30)
    flood("sendgrid", 30)
    served: Counter[str] = Counter()
    for _ in range(30):
        batch = sources(claim(MOST_SOURCES))
        assert len(batch) == MOST_SOURCES
        served += batch
    assert len(served) == 3 * MOST_SOURCES + 1


def test_a_long_queue_of_one_object_does_not_hide_another_object() -> None:
    flood("github", 150, key="hot")
    push("late", "cold")
    claimed = {row.object_key for _ in range(10) for row in claim(20)}
    assert "cold" in claimed


def test_nothing_due_costs_one_query(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert claim(20) == []


@pytest.mark.parametrize("keys", [[""], ["hot"], [f"cold-{number}" for number in range(300)]], ids=["", "hot", "cold"])
def test_a_claim_does_not_read_the_queue(keys: list[str]) -> None:
    """Every statement of it finds its rows by an index, and who is ahead by that of what is pending of the object."""
    for key in keys:
        flood("github", 6_000 // len(keys), key=key)
    Delivery.objects.filter(pk__in=Delivery.objects.values("pk")[:3_000]).update(state="handled")
    flood("sendgrid", 12_000)
    with CaptureQueriesContext(connection) as captured:
        assert claim(20)
    statements = [query["sql"] for query in captured if "webhooks_delivery" in query["sql"]]
    assert len(statements) <= 10
    plans = "\n".join(_plan(statement) for statement in statements)
    assert "delivery_due_of_source" in plans
    assert not re.findall(r"Seq Scan|^SCAN (?:ahead|row|webhooks_delivery).*", plans, re.MULTILINE)
    heads = [_plan(statement) for statement in statements if "webhooks_delivery AS row" in statement]
    assert heads
    assert all(re.search(r"\bahead\b", plan) for plan in heads)
    assert not [
        line
        for plan in heads
        for line in plan.splitlines()
        if re.search(r"\bahead\b", line) and "delivery_next_of_object" not in line
    ]


def _plan(statement: str) -> str:
    explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        cursor.execute(f"{explain} {statement.replace('%', '%%')}", [])
        return "\n".join(str(row[-1]).strip() for row in cursor.fetchall())


def test_too_many_sources_are_drawn_by_their_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue.random, "random", lambda: 0.5)
    many = [*(f"custom-{number}" for number in range(40)), "stripe"]
    assert next(iter(queue._chosen(many))) == "stripe"
