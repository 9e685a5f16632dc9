"""In order per object, whatever fails, and parallel across objects."""

import threading
from collections import defaultdict
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from integrations.errors import Ignored, Permanent, Retryable
from tests.webhooks.processing.conftest import Acting, push, read
from webhooks.care.audit import at_command_line
from webhooks.care.choice import Choice
from webhooks.care.orders import replay
from webhooks.models import Delivery, OutboxEvent
from webhooks.processing.drain import drain, work_off
from webhooks.processing.order import blocked_by
from webhooks.processing.queue import claim

pytestmark = pytest.mark.django_db(transaction=True)


def heads(rows: list[Delivery]) -> list[str]:
    return sorted(row.request_id.removeprefix("r-").lstrip("0") for row in rows)


def done() -> list[str]:
    return [data["head"] for data in OutboxEvent.objects.order_by("pk").values_list("data", flat=True)]


def test_of_one_object_only_the_earliest_is_claimed() -> None:
    push("1", "a")
    push("2", "a")
    push("3", "b")
    assert heads(claim(10)) == ["1", "3"]
    assert claim(10) == []


def test_what_is_about_no_object_waits_for_nothing() -> None:
    push("1")
    push("2")
    assert heads(claim(10)) == ["1", "2"]


def test_an_object_of_the_same_name_at_another_source_is_another() -> None:
    push("1", "a")
    push("2", "a", source="stripe")
    assert len(claim(10)) == 2


def test_the_next_one_is_claimed_only_when_the_first_has_ended(acting: Acting) -> None:
    push("1", "a")
    push("2", "a")
    batch = claim(10)
    assert claim(10) == []
    work_off(batch)
    assert heads(claim(10)) == ["2"]


def test_a_long_queue_of_one_object_is_handled_in_the_order_of_arrival(acting: Acting) -> None:
    for number in range(25):
        push(f"{number:02}", "a")
    drain()
    assert done() == [f"{number:02}" for number in range(25)]


@pytest.mark.parametrize("error", [Ignored("not ours"), Permanent("no")], ids=["ignored", "dead"])
def test_a_head_that_is_given_up_lets_the_next_one_pass(acting: Acting, error: Exception) -> None:
    acting.failing["1"] = error
    push("1", "a")
    push("2", "a")
    drain()
    assert done() == ["2"]


@pytest.mark.parametrize("where", ["failing", "in_effect"])
def test_a_head_that_fails_holds_back_its_object_and_no_other(acting: Acting, where: str) -> None:
    getattr(acting, where)["1"] = Retryable("away")
    rows = [push("1", "a"), push("2", "a"), push("3", "b"), push("4"), push("5", "a")]
    drain()
    assert read(*rows) == ["pending", "pending", "handled", "handled", "pending"]
    assert sorted(done()) == ["3", "4"]
    getattr(acting, where).clear()
    Delivery.objects.filter(pk=rows[0].pk).update(due_at=timezone.now())
    drain()
    assert done()[2:] == ["1", "2", "5"]


def test_whatever_waits_is_due_no_sooner_than_what_it_waits_behind(acting: Acting) -> None:
    acting.failing["1"] = Retryable("away", retry_after=3600)
    head, follower = push("1", "a"), push("2", "a")
    drain()
    Delivery.objects.filter(pk=follower.pk).update(due_at=timezone.now())
    drain()
    assert read(head, follower) == ["pending", "pending"]
    assert follower.due_at == head.due_at > timezone.now() + timedelta(minutes=59)
    assert acting.began == ["1"]


def test_one_that_was_tried_before_waits_for_a_lease_at_most(acting: Acting, settings: Any) -> None:
    settings.LEASE_SECONDS = 30
    later = timezone.now() + timedelta(hours=3)
    push("1", "a", attempts=2, due_at=later)
    tried = push("2", "a", attempts=1)
    drain()
    assert read(tried) == ["pending"]
    assert tried.due_at < timezone.now() + timedelta(seconds=31)


def test_staff_are_told_what_a_delivery_waits_behind(acting: Acting) -> None:
    acting.failing["1"] = Retryable("away")
    head, second, third, other = push("1", "a"), push("2", "a"), push("3", "a"), push("4", "b")
    assert blocked_by(second) == blocked_by(third) == head
    assert blocked_by(head) is blocked_by(other) is blocked_by(push("5")) is None
    Delivery.objects.filter(pk=head.pk).update(state="dead")
    assert blocked_by(third) == second
    third.state = "handled"
    assert blocked_by(third) is None


def test_a_replayed_delivery_goes_first_again(acting: Acting) -> None:
    rows = [push("1", "a"), push("2", "a")]
    drain()
    for row in rows:
        replay(Choice(picked=(row.pk,)), at_command_line(), "to see the order")
    drain()
    assert done() == ["1", "2", "1", "2"]


def test_one_that_arrives_while_the_head_commits_does_not_wait_for_a_lease(acting: Acting) -> None:
    """It cannot see the end yet and is parked: whoever ends the head brings it back."""
    if connection.vendor == "sqlite":
        pytest.skip("needs PostgreSQL: on SQLite nothing arrives during a commit")

    def meanwhile(head: str) -> None:
        if head == "1":
            thread = threading.Thread(target=arrive_and_be_parked)
            thread.start()
            thread.join(60)

    def arrive_and_be_parked() -> None:
        push("2", "a")
        assert claim(10) == []
        connection.close()

    acting.inside = meanwhile
    push("1", "a")
    work_off(claim(10))
    assert heads(claim(10)) == ["2"]


def test_many_workers_keep_the_order_of_every_object(acting: Acting) -> None:
    """Sixteen objects, four workers: each object's effects commit in the order of arrival, none twice."""
    expected = defaultdict(list)
    for number in range(160):
        push(f"{number:03}", f"r{number % 16}")
        expected[f"repository:r{number % 16}"].append(f"{number:03}")
    at_work: set[str] = set()
    collisions: list[str] = []

    def enter(head: str) -> None:
        repository = int(head) % 16
        if repository in at_work:
            collisions.append(head)
        at_work.add(repository)

    def leave(head: str) -> None:
        at_work.discard(int(head) % 16)

    acting.before, acting.inside = enter, leave
    _in_threads(4, until=lambda: not Delivery.objects.filter(state="pending").exists())
    found: dict[str, list[str]] = defaultdict(list)
    for about, data in OutboxEvent.objects.order_by("pk").values_list("about", "data"):
        found[about].append(data["head"])
    assert found == expected
    assert collisions == []


def _in_threads(count: int, until: Any) -> None:
    broken: list[BaseException] = []

    def work() -> None:
        try:
            while not until():
                drain()
        except BaseException as error:
            broken.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert broken == []
