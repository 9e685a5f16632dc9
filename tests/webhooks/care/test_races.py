"""Replays beside each other and beside the worker: each delivery is replayed once, and ends handled."""

from collections.abc import Callable
from functools import partial
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from integrations.facts import RepositoryPushed
from tests.webhooks.arrivals import arrive
from webhooks.care.audit import Person, Via
from webhooks.care.choice import Choice
from webhooks.care.language import parse
from webhooks.care.orders import replay
from webhooks.models import Delivery, Intervention, OutboxEvent, Touched
from webhooks.outbox.publishing import publish
from webhooks.processing import handling
from webhooks.processing.drain import drain

pytestmark = pytest.mark.django_db(transaction=True)

ADA = Person("ada@example.com", Via.CONSOLE)
ROUNDS, MANY = 20, 10
PUSH = (
    b'{"repository": {"full_name": "patchbay/demo"}, "ref": "refs/heads/main", "after": "abc",'
    b' "pusher": {"name": "ada"}, "commits": [{}]}'
)


def at_once(*works: Callable[[], Any]) -> None:
    """Do these at the same moment, each in a thread of its own; the first error of any is raised."""
    barrier, errors = Barrier(len(works)), []

    def run(work: Callable[[], Any]) -> None:
        try:
            barrier.wait()
            work()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if errors:
        raise errors[0]


def replay_the_dead() -> None:
    replay(Choice(parse("state:dead", timezone.now())), ADA, "again")


def test_of_two_that_replay_the_same_at_once_each_delivery_has_one() -> None:
    for _ in range(MANY):
        arrive(state="dead")
    for _ in range(ROUNDS):
        Delivery.objects.update(state="dead")
        Touched.objects.all().delete()
        Intervention.objects.all().delete()
        at_once(replay_the_dead, replay_the_dead)
        assert sorted(Touched.objects.values_list("delivery_id", flat=True)) == sorted(
            Delivery.objects.filter(state="pending").values_list("pk", flat=True)
        )
        assert sum(Intervention.objects.values_list("count", flat=True)) == MANY


def test_a_replay_beside_the_worker_makes_one_effect_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    # Published as often as it is carried out: the real handler does so once per push.
    effect = partial(publish, "order.paid", {}, about="order:1")
    monkeypatch.setitem(handling._handlers, RepositoryPushed, lambda _fact: effect)
    for _ in range(MANY):
        arrive("push", PUSH)
    for _ in range(ROUNDS):
        OutboxEvent.objects.all().delete()
        Delivery.objects.update(state="dead", attempts=3)
        at_once(replay_the_dead, drain, drain, replay_the_dead)
        drain()
        assert set(Delivery.objects.values_list("state", flat=True)) == {"handled"}
        assert OutboxEvent.objects.count() == MANY
