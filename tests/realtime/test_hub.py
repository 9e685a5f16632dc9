"""The hub: everybody is told everything in order, whatever gets lost on the way."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction

from realtime import wake
from realtime.hub import Hub
from realtime.limits import Close, Limits
from realtime.listener import Listener
from realtime.models import Stream, StreamEvent
from realtime.services import open_stream
from tests.realtime.conftest import aside, event, tell

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "user:1"


def in_hub(story: Callable[[Hub], Awaitable[None]], **limits: Any) -> None:
    """Run `story` beside a hub, for a minute at most."""

    async def run() -> None:
        async with asyncio.timeout(60), Hub(replace(Limits(), **limits)).running() as hub:
            await story(hub)

    asyncio.run(run())


async def tell_later(*events: Any) -> None:
    await asyncio.to_thread(aside, tell, *events)


async def take(listener: Listener, count: int = 1) -> list[Any]:
    """The next frames, an event as its number."""
    frames = [json.loads((await listener.mailbox.take()).text) for _ in range(count)]
    return [frame.get("seq") if frame["type"] == "event" else frame["type"] for frame in frames]


def test_what_happens_between_position_and_following_is_told() -> None:
    async def story(hub: Hub) -> None:
        listener = await hub.open(KEY)
        await tell_later(event(), event())
        hub.follow(listener)
        assert await take(listener, 2) == [1, 2]
        await tell_later(event())
        assert await take(listener) == [3]

    in_hub(story)


def test_a_lost_wake_up_costs_time_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wake, "publish", lambda _keys: None)

    async def story(hub: Hub) -> None:
        listener = await hub.open(KEY)
        hub.follow(listener)
        await tell_later(event())
        assert await take(listener) == [1]

    in_hub(story, net=0.05)


def test_a_wake_up_that_meets_the_reading_of_the_position_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def told_meanwhile(key: str) -> Any:
        position = open_stream(key)
        tell(event())
        return position

    monkeypatch.setattr("realtime.hub.open_stream", told_meanwhile)

    async def story(hub: Hub) -> None:
        listener = await hub.open(KEY)
        assert listener.seq == 0
        hub.follow(listener)
        assert await take(listener) == [1]

    in_hub(story, net=3600)


def test_history_longer_than_the_mailbox_is_told_whole() -> None:
    tell(*(event() for _ in range(60)))

    async def story(hub: Hub) -> None:
        listener = await hub.open(KEY)
        await hub.rewind(listener, listener.watch.epoch, 0)
        hub.follow(listener)
        assert await take(listener, 60) == list(range(1, 61))
        assert not listener.closed.done()

    in_hub(story, messages=4, history=7)


def test_news_longer_than_one_read_is_told_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wake, "publish", lambda _keys: None)

    async def story(hub: Hub) -> None:
        listeners = [await hub.open(KEY), await hub.open("user:2")]
        for listener in listeners:
            hub.follow(listener)
        await tell_later(*(event(user=user) for user in (1, 2) * 30))
        hub._reader.wake([KEY, "user:2"])
        for listener in listeners:
            assert await take(listener, 30) == list(range(1, 31))

    in_hub(story, batch=7, net=3600)


def test_a_listener_that_does_not_read_is_closed_and_the_others_are_told() -> None:
    async def story(hub: Hub) -> None:
        stuck, lively = await hub.open(KEY), await hub.open(KEY)
        hub.follow(stuck)
        hub.follow(lively)
        reading = asyncio.create_task(take(lively, 20))
        await tell_later(*(event() for _ in range(20)))
        assert await reading == list(range(1, 21))
        assert await stuck.closed is Close.SLOW
        assert not lively.closed.done()

    in_hub(story, messages=5)


def test_another_epoch_is_answered_with_a_reset() -> None:
    tell(event(), event())

    async def story(hub: Hub) -> None:
        listener = await hub.open(KEY)
        await hub.rewind(listener, "another", 1)
        hub.follow(listener)
        assert await take(listener) == ["reset"]
        await tell_later(event())
        assert await take(listener) == [3]

    in_hub(story)


@pytest.mark.parametrize("seq", [-1, 3, 2**70])
def test_a_number_the_log_has_not_reached_is_answered_with_a_reset(seq: int) -> None:
    tell(event(), event())

    async def story(hub: Hub) -> None:
        listener = await hub.open(KEY)
        await hub.rewind(listener, listener.watch.epoch, seq)
        hub.follow(listener)
        assert await take(listener) == ["reset"]

    in_hub(story)


def test_a_number_another_process_told_already_is_no_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wake, "publish", lambda _keys: None)

    async def story(hub: Hub) -> None:
        listener = await hub.open(KEY)
        await tell_later(event(), event())
        await hub.rewind(listener, listener.watch.epoch, 2)
        hub.follow(listener)
        await tell_later(event())
        hub._reader.wake([KEY])
        assert await take(listener) == [3]

    in_hub(story)


def test_trimmed_history_is_a_reset_and_never_a_part() -> None:
    tell(*(event() for _ in range(4)))
    StreamEvent.objects.filter(stream__key=KEY, seq__lte=2).delete()

    async def story(hub: Hub) -> None:
        listener = await hub.open(KEY)
        await hub.rewind(listener, listener.watch.epoch, 1)
        hub.follow(listener)
        assert await take(listener) == ["reset"]

    in_hub(story)


def test_a_log_begun_anew_resets_whoever_listens() -> None:
    tell(event(), event())

    async def story(hub: Hub) -> None:
        listener = await hub.open(KEY)
        hub.follow(listener)
        await asyncio.to_thread(aside, Stream.objects.all().delete)
        assert await take(listener) == ["reset"]
        await tell_later(event())
        assert await take(listener) == [1]

    in_hub(story, net=0.05)


def test_rows_lost_under_a_live_listener_are_a_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wake, "publish", lambda _keys: None)

    def lose() -> None:
        with transaction.atomic():
            tell(event(), event())
            StreamEvent.objects.all().delete()

    async def story(hub: Hub) -> None:
        listener = await hub.open(KEY)
        hub.follow(listener)
        await asyncio.to_thread(aside, lose)
        assert await take(listener) == ["reset"]
        assert listener.seq == 2

    in_hub(story, net=0.05)


def test_the_hub_outlives_a_database_that_fails_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    from realtime import log

    failures = iter([OSError("gone")])

    def after(*args: Any, read: Any = log.after) -> Any:
        for failure in failures:
            raise failure
        return read(*args)

    async def story(hub: Hub) -> None:
        listener = await hub.open(KEY)
        listener.live = True
        monkeypatch.setattr(log, "after", after)
        await tell_later(event())
        assert await take(listener) == [1]

    in_hub(story)


def test_the_last_listener_takes_the_stream_out_of_memory() -> None:
    async def story(hub: Hub) -> None:
        first, second = await hub.open(KEY), await hub.open(KEY)
        hub.leave(first)
        assert list(hub._watches) == [KEY]
        hub.leave(second)
        assert hub._watches == {}

    in_hub(story)
