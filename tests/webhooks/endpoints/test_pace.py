"""An endpoint with a rate: in no second more than that, whoever sends, and nobody else is the slower for it."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from math import inf
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from tests.webhooks.endpoints.receiver import Answer, Receiver, listening
from tests.webhooks.endpoints.running import delivered, queue, sending, wait_until
from webhooks.endpoints import pace, services
from webhooks.endpoints.taking import Busy, lease, rest, take
from webhooks.models import Endpoint, Message

pytestmark = pytest.mark.django_db

NOW = timezone.now()


def most_in_a_second(moments: list[datetime]) -> int:
    return max(sum(begin <= one < begin + timedelta(seconds=1) for one in moments) for begin in moments)


def showing(moment: datetime) -> Callable[[], datetime]:
    """A clock that stands still."""
    return lambda: moment


def sender(endpoints: list[Endpoint], ticks: range, step: float) -> list[tuple[datetime, int]]:
    """One that looks every `step` seconds of a clock of its own, and whose every message ends at once."""
    taken = []
    for tick in ticks:
        now = NOW + timedelta(seconds=tick * step)
        taken += [(now, message.endpoint_id) for message in take(showing(now), 200, {})]
    return taken


def limited(endpoint: Endpoint, rate: int | None, messages: int) -> Endpoint:
    Endpoint.objects.filter(pk=endpoint.pk).update(rate=rate, next_at=None)
    due = NOW - timedelta(minutes=1)
    Message.objects.bulk_create(
        Message(endpoint=endpoint, name="order.paid", sample={}, due_at=due) for _ in range(messages)
    )
    return endpoint


@pytest.mark.parametrize("rate", [1, 3, 5, 19, 60, 100])
@pytest.mark.parametrize("step", [0.01, 0.07])
def test_in_no_second_is_it_more_than_the_rate(endpoint: Endpoint, rate: int, step: float) -> None:
    limited(endpoint, rate, 400)
    moments = [at for at, _ in sender([endpoint], range(int(3 / step)), step)]
    assert most_in_a_second(moments) <= rate
    if step < 1 / rate / 2:
        assert len(moments) >= 3 * rate * 0.8


def test_the_pauses_are_such_that_no_burst_of_any_size_breaks_the_rate() -> None:
    for rate in range(1, 1001):
        at_once = pace.most(Endpoint(rate=rate)) or 0
        second = timedelta(microseconds=999_999)
        assert at_once * (second // pace.pause(rate, at_once) + 1) <= rate
        assert second // pace.pause(rate, 1) + at_once <= rate
        assert timedelta(seconds=1) / pace.pause(rate, 1) >= rate * 0.95


def test_what_was_not_used_is_not_saved_up(endpoint: Endpoint) -> None:
    limited(endpoint, 5, 50)
    later = NOW + timedelta(hours=1)
    assert [len(take(showing(later + timedelta(milliseconds=ms)), 200, {})) for ms in (0, 50, 199, 200)] == [1, 0, 0, 1]


def test_others_are_sent_to_as_fast_as_ever(endpoint: Endpoint, django_user_model: Any) -> None:
    limited(endpoint, 5, 100)
    other = django_user_model.objects.create_user("other@example.com")
    free = limited(Endpoint.objects.create(owner=other, url=endpoint.url, events=["*"]), None, 60)
    counts = Counter(pk for _, pk in sender([endpoint, free], range(20), 0.01))
    assert counts == {endpoint.pk: 1, free.pk: 60}


def test_it_waits_without_a_try_in_vain_or_a_failure(endpoint: Endpoint) -> None:
    limited(endpoint, 1, 3)
    assert len(take(lambda: NOW, 200, {})) == 1
    assert take(lambda: NOW + timedelta(milliseconds=999), 200, {}) == []
    assert sorted(endpoint.messages.values_list("state", "attempts", "tries")) == [
        ("waiting", 0, 0), ("waiting", 0, 0), ("waiting", 1, 0),
    ]  # fmt: skip


def test_it_is_known_when_there_is_more_to_be_taken(endpoint: Endpoint) -> None:
    limited(endpoint, 4, 2)
    assert rest(NOW, NOW) == inf
    take(lambda: NOW, 200, {})
    assert rest(NOW, NOW) == pytest.approx(0.25)
    assert rest(NOW + timedelta(seconds=1), NOW + timedelta(seconds=1)) == inf
    take(lambda: NOW + timedelta(seconds=1), 200, {})
    assert rest(NOW + timedelta(seconds=1), NOW + timedelta(seconds=1)) == inf  # nothing is left that waits


def test_a_rate_that_is_taken_away_holds_nothing_up(endpoint: Endpoint) -> None:
    limited(endpoint, 1, 9)
    take(lambda: NOW, 200, {})
    services.change(endpoint, rate=None)
    assert len(take(lambda: NOW, 200, {})) == 4


@contextmanager
def locked(*rows: Endpoint) -> Iterator[tuple[threading.Event, threading.Event]]:
    """Somebody else has the endpoints locked, or where none is named all of them, until told to let go by the first
    event; the second says that he is about to."""
    held, told, ending = threading.Event(), threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                if not rows and connection.vendor == "postgresql":
                    connection.cursor().execute("LOCK TABLE webhooks_endpoint IN EXCLUSIVE MODE")
                list(Endpoint.objects.filter(pk__in=[row.pk for row in rows]).select_for_update())
                held.set()
                assert told.wait(60)
                ending.set()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        holding = thread.submit(hold)
        try:
            assert held.wait(60)
            yield told, ending
        finally:
            told.set()
        holding.result()


@pytest.mark.django_db(transaction=True)
def test_the_wait_for_a_lock_is_no_part_of_the_pause(endpoint: Endpoint) -> None:
    limited(endpoint, 1, 2)
    with locked() as (told, ending):

        def clock() -> datetime:
            read = NOW + timedelta(seconds=3 if ending.is_set() else 0)
            told.set()
            return read

        (message,) = take(clock, 200, {})
    endpoint.refresh_from_db()
    assert endpoint.next_at == NOW + timedelta(seconds=4)
    assert message.due_at == NOW + timedelta(seconds=3) + lease()


def test_one_whose_rest_ended_since_the_look_is_looked_at_at_once(endpoint: Endpoint) -> None:
    limited(endpoint, 1, 2)
    take(lambda: NOW, 200, {})
    assert rest(NOW, NOW + timedelta(seconds=0.4)) == pytest.approx(0.6)
    assert rest(NOW, NOW + timedelta(seconds=3)) == 0


@pytest.mark.django_db(transaction=True)
def test_one_that_somebody_holds_keeps_nobody_waiting(endpoint: Endpoint) -> None:
    if not connection.features.has_select_for_update_skip_locked:
        pytest.skip("needs PostgreSQL: SQLite locks all rows at once")
    limited(endpoint, 5, 3)
    others = [Endpoint.objects.create(owner=endpoint.owner, url=endpoint.url, events=["*"]) for _ in range(3)]
    for other in others:
        limited(other, 5, 3)
    with locked(endpoint):
        taken = take(lambda: NOW, 200, {})
    assert sorted(message.endpoint_id for message in taken) == [other.pk for other in others]
    assert [message.endpoint_id for message in take(lambda: NOW, 200, {})] == [endpoint.pk]


def test_a_pause_that_ends_later_than_any_can_was_set_by_a_wrong_clock(endpoint: Endpoint) -> None:
    limited(endpoint, 1, 3)
    assert max(pace.pause(rate, pace.most(Endpoint(rate=rate)) or 0) for rate in range(1, 1001)) == timedelta(seconds=1)
    Endpoint.objects.update(next_at=NOW + timedelta(minutes=1))
    assert (take(lambda: NOW, 200, {}), rest(NOW, NOW)) == ([], 60)
    Endpoint.objects.update(next_at=NOW + timedelta(hours=1))
    assert rest(NOW, NOW) == inf
    assert len(take(lambda: NOW, 200, {})) == 1
    assert rest(NOW, NOW) == 1


def test_what_one_does_not_get_by_its_rate_is_left_to_its_owners_others(endpoint: Endpoint) -> None:
    limited(endpoint, 1, 9)
    free = limited(Endpoint.objects.create(owner=endpoint.owner, url=endpoint.url, events=["*"]), None, 9)
    taken = take(lambda: NOW, 8, {free.pk: Busy(1, False, endpoint.owner_id)})
    assert Counter(one.endpoint_id for one in taken) == {endpoint.pk: 1, free.pk: 3}


@pytest.mark.django_db(transaction=True)
def test_senders_of_many_processes_share_one_rate(endpoint: Endpoint) -> None:
    limited(endpoint, 5, 200)
    start = threading.Barrier(4)

    def sends(_number: int) -> list[datetime]:
        try:
            start.wait()
            return [at for at, _ in sender([endpoint], range(60), 0.05)]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        moments = sorted(at for one in threads.map(sends, range(4)) for at in one)
    assert most_in_a_second(moments) <= 5
    assert all(later - earlier >= timedelta(seconds=0.2) for earlier, later in pairwise(moments))


@pytest.mark.django_db(transaction=True)
def test_two_engines_keep_a_rate_and_are_at_it_as_soon_as_they_may(
    endpoint: Endpoint, receiver: Receiver, django_user_model: Any, settings: Any
) -> None:
    settings.SWEEP_SECONDS = 60
    services.change(endpoint, rate=10)
    queue(endpoint, 15)
    begun = time.monotonic()
    with listening(Answer()) as free:
        other = services.create(django_user_model.objects.create_user("other@example.com"), url=free.url)
        queue(other, 20)
        with sending(), sending():
            wait_until(lambda: len(free.received) == 20)
            wait_until(lambda: delivered() == 35)
    assert time.monotonic() - begun >= 1.4
    taken = sorted(message.log.get().at for message in endpoint.messages.all())
    assert taken[-1] - taken[0] >= timedelta(seconds=1.3)
