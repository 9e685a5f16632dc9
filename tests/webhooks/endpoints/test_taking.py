"""Taking what is due: a share for everybody, one at a time where order counts, and nothing twice."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from tests.webhooks.endpoints.conftest import send_due
from tests.webhooks.endpoints.receiver import Answer, Receiver
from webhooks.endpoints import services, taking
from webhooks.endpoints.taking import Busy, give_back, lease, take
from webhooks.models import Endpoint, Message

pytestmark = pytest.mark.django_db


@pytest.fixture
def make(django_user_model: Any, settings: Any) -> Callable[..., Endpoint]:
    """An endpoint with so many messages that are due, of a customer of its own unless an `owner` is given."""
    settings.ENDPOINT_NETWORKS = ["0.0.0.0/0"]
    settings.ENDPOINTS_PER_PERSON = 1000
    numbers = count()

    def makes(messages: int, *, late: int = 0, owner: Any = None, **fields: Any) -> Endpoint:
        owner = owner or django_user_model.objects.create(email=f"{next(numbers)}@example.com")
        endpoint = Endpoint.objects.create(owner=owner, url="https://192.0.2.7/", events=["*"], **fields)
        due = timezone.now() - timedelta(seconds=late)
        Message.objects.bulk_create(
            Message(endpoint=endpoint, name="order.paid", sample={}, due_at=due) for _ in range(messages)
        )
        return endpoint

    return makes


def shares(free: int, busy: dict[int, Busy] | None = None, now: datetime | None = None) -> Counter[int]:
    return Counter(message.endpoint_id for message in take(lambda: now or timezone.now(), free, busy or {}))


def test_a_flood_for_one_leaves_room_for_the_others(make: Callable[..., Endpoint]) -> None:
    flood = make(500, late=600)
    others = [make(1) for _ in range(10)]
    assert shares(20) == {flood.pk: 1} | {other.pk: 1 for other in others}


def test_an_endpoint_has_few_under_way_at_once_here(make: Callable[..., Endpoint]) -> None:
    endpoint = make(50)
    assert shares(200) == {endpoint.pk: 4}
    assert shares(200, {endpoint.pk: Busy(3, False, endpoint.owner_id)}) == {endpoint.pk: 1}
    assert shares(200, {endpoint.pk: Busy(4, False, endpoint.owner_id)}) == {}


def test_one_that_is_failing_has_one_and_all_of_them_half(make: Callable[..., Endpoint], settings: Any) -> None:
    settings.ENDPOINT_SLOTS = 10
    failing = [make(9, failing_since=timezone.now()) for _ in range(8)]
    well = make(9)
    taken = shares(10)
    assert taken[well.pk] >= 1
    assert sum(taken[one.pk] for one in failing) == 5
    assert set(taken.values()) == {1}
    assert shares(5, {one.pk: Busy(1, True, one.owner_id) for one in failing[:5]})[failing[7].pk] == 0


def test_an_owner_alone_has_half_of_what_there_is_and_leaves_the_rest_to_whoever_comes(
    make: Callable[..., Endpoint], customer: Any, settings: Any
) -> None:
    settings.ENDPOINT_SLOTS = 20
    many = [make(9, owner=customer) for _ in range(10)]
    taken = shares(20)
    assert sum(taken[one.pk] for one in many) == 10
    busy = {one.pk: Busy(taken[one.pk], False, customer.pk) for one in many if taken[one.pk]}
    assert shares(10, busy) == {}
    other = make(9)
    assert shares(10, busy) == {other.pk: 1}
    ended = busy.pop(next(iter(busy)))
    again = shares(10 + ended.count, busy)
    assert again[other.pk] == 1
    assert sum(again[one.pk] for one in many) == ended.count


@pytest.mark.parametrize("greedy", [1, 2, 3, 4])
def test_greedy_owners_have_alike_and_a_newcomer_finds_as_much_free(
    make: Callable[..., Endpoint], settings: Any, greedy: int, django_user_model: Any
) -> None:
    """Messages end one by one, whosever they are: so many owners come to have one part each of one more."""
    settings.ENDPOINT_SLOTS = slots = 60
    owners = [django_user_model.objects.create(email=f"greedy-{number}@example.com") for number in range(greedy)]
    endpoints = {one.pk: one for owner in owners for one in [make(100, owner=owner) for _ in range(15)]}
    under_way: Counter[int] = Counter()
    for turn in range(40):
        busy = {pk: Busy(n, False, endpoints[pk].owner_id) for pk, n in under_way.items() if n}
        under_way += shares(slots - under_way.total(), busy)
        if turn < 39:
            under_way -= Counter(list(under_way)[turn % 3 :: 3])
    held: Counter[int] = Counter()
    for pk, number in under_way.items():
        held[endpoints[pk].owner_id] += number
    fair = slots // (greedy + 1)
    assert slots - under_way.total() >= fair - 4
    assert set(held) == {owner.pk for owner in owners}
    assert all(abs(number - fair) <= 4 for number in held.values())


@pytest.mark.parametrize("slots", [1, 2, 3])
def test_however_few_slots_there_are_something_is_sent(
    make: Callable[..., Endpoint], settings: Any, slots: int
) -> None:
    settings.ENDPOINT_SLOTS = slots
    make(9)
    assert shares(slots)


def test_those_with_least_under_way_come_first(make: Callable[..., Endpoint]) -> None:
    busy, idle = make(5, late=60), make(5)
    assert shares(1, {busy.pk: Busy(1, False, busy.owner_id)}) == {idle.pk: 1}


def test_what_is_taken_is_nobody_elses_until_its_lease_ends(make: Callable[..., Endpoint], settings: Any) -> None:
    make(1)
    now = timezone.now()
    assert lease() > timedelta(seconds=settings.ENDPOINT_SECONDS)
    assert len(take(lambda: now, 10, {})) == 1
    assert take(lambda: now + lease() - timedelta(seconds=1), 10, {}) == []
    (again,) = take(lambda: now + lease(), 10, {})
    assert again.attempts == 2


def test_what_is_given_back_is_due_again_unless_somebody_else_has_it_or_it_is_done(
    make: Callable[..., Endpoint],
) -> None:
    make(3)
    now = timezone.now()
    mine, done, overtaken = take(lambda: now, 10, {})
    Message.objects.filter(pk=done.pk).update(state="delivered")
    Message.objects.filter(pk=overtaken.pk).update(attempts=2)
    give_back([(one.pk, one.attempts) for one in (mine, done, overtaken)], now)
    assert [message.pk for message in take(lambda: now, 10, {})] == [mine.pk]


@pytest.mark.django_db(transaction=True)
def test_other_senders_are_told_of_what_is_given_back_once_it_is(
    make: Callable[..., Endpoint], monkeypatch: pytest.MonkeyPatch
) -> None:
    make(2)
    now, told = timezone.now(), []
    monkeypatch.setattr(
        taking, "wake_send", lambda: told.append((connection.in_atomic_block, len(take(lambda: now, 10, {}))))
    )
    taken = take(lambda: now, 10, {})
    give_back([], now)
    assert told == []
    give_back([(one.pk, one.attempts) for one in taken], now)
    assert told == [(False, 2)]


@pytest.mark.parametrize("state", ["paused", "disabled"])
def test_nothing_is_taken_for_an_endpoint_that_is_not_enabled(make: Callable[..., Endpoint], state: str) -> None:
    make(3, state=state)
    assert shares(10) == {}


def test_an_ordered_endpoint_has_one_message_under_way_and_the_next_only_when_it_is_done(
    make: Callable[..., Endpoint],
) -> None:
    endpoint = make(3, ordered=True)
    first, second, third = endpoint.messages.order_by("pk")
    now = timezone.now()
    assert [message.pk for message in take(lambda: now, 10, {})] == [first.pk]
    assert take(lambda: now, 10, {}) == []
    Message.objects.filter(pk=first.pk).update(due_at=now + timedelta(hours=2))  # it failed, and is to be tried again
    assert take(lambda: now + timedelta(hours=1), 10, {}) == []
    Message.objects.filter(pk=first.pk).update(state="delivered")
    assert [message.pk for message in take(lambda: now, 10, {})] == [second.pk]
    Message.objects.filter(pk=second.pk).update(state="failed")
    assert [message.pk for message in take(lambda: now, 10, {})] == [third.pk]


def test_an_ordered_endpoint_hears_everything_in_order_through_failures(
    customer: Any, receiver: Receiver, happen: Callable[..., Any]
) -> None:
    services.create(customer, url=receiver.url, ordered=True)
    receiver.answers += [Answer(500), Answer(200), Answer(503), Answer(503)]
    events = [happen(about=f"order:{number}", n=number) for number in range(5)]
    now = timezone.now()
    for hour in range(0, 40, 1):
        send_due(now + timedelta(hours=hour))
    heard = [one.headers["webhook-id"] for one in receiver.received]
    uids = [str(event.uid) for event in events]
    assert heard == [uids[0], uids[0], uids[1], uids[1], uids[1], uids[2], uids[3], uids[4]]


def _taken(now: datetime, tries: int = 3) -> list[int]:
    """SQLite's lock is no queue: who waits may be passed over until its time is up, and asks again."""
    try:
        return [message.pk for message in take(lambda: now, 10, {})]
    except OperationalError as error:
        if "locked" not in str(error) or tries == 1:
            raise
        return _taken(now, tries - 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ordered", [False, True])
def test_many_takers_take_nothing_twice(make: Callable[..., Endpoint], ordered: bool, settings: Any) -> None:
    settings.ENDPOINT_SLOTS_EACH = 50
    endpoints = [make(30, ordered=ordered) for _ in range(4)]
    now = timezone.now()

    def takes(_number: int) -> list[int]:
        taken: list[int] = []
        try:
            while batch := _taken(now):
                taken += batch
        finally:
            connection.close()
        return taken

    with ThreadPoolExecutor(8) as threads:
        taken = [pk for batch in threads.map(takes, range(8)) for pk in batch]
    assert len(taken) == len(set(taken))
    assert len(taken) == (len(endpoints) if ordered else 120)


def test_of_more_endpoints_than_there_is_room_for_none_is_always_the_last(make: Callable[..., Endpoint]) -> None:
    """Quick ones that have a backlog would else be served for ever, and those behind them never."""
    endpoints = [make(60) for _ in range(10)]
    served: Counter[int] = Counter()
    for _ in range(60):
        served += shares(2)
    assert set(served) == {endpoint.pk for endpoint in endpoints}


def test_one_that_is_failing_has_one_under_way_although_nobody_else_waits(make: Callable[..., Endpoint]) -> None:
    endpoint = make(9, failing_since=timezone.now())
    assert shares(200) == {endpoint.pk: 1}
