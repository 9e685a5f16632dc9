"""Wake-ups over Redis: they reach the hub, and losing them loses nothing."""

import asyncio
from typing import Any

import pytest
import redis

from realtime import wake
from realtime.hub import Hub
from tests.realtime.conftest import event
from tests.realtime.test_hub import KEY, in_hub, take, tell_later

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.services]
NEVER = 3600.0


def subscribers(client: redis.Redis) -> list[str]:
    return [one["id"] for one in client.client_list() if one["name"] == wake.SUBSCRIBER]


async def subscribed(client: redis.Redis, count: int = 1) -> None:
    while dict(await asyncio.to_thread(client.pubsub_numsub, wake.CHANNEL))[wake.CHANNEL.encode()] < count:
        await asyncio.sleep(0)


def test_a_wake_up_reaches_every_hub(redis_url: str, settings: Any) -> None:
    settings.REDIS_URL = redis_url

    async def story(hub: Hub) -> None:
        async with Hub(hub.limits).running() as other:
            await subscribed(redis.Redis.from_url(redis_url), 2)
            listeners = [await one.open(KEY) for one in (hub, other)]
            for one, listener in zip((hub, other), listeners, strict=True):
                one.follow(listener)
            await tell_later(event(), event())
            assert [await take(listener, 2) for listener in listeners] == [[1, 2], [1, 2]]

    in_hub(story, net=NEVER)


def test_what_is_published_while_the_subscription_is_down_is_found_afterwards(redis_url: str, settings: Any) -> None:
    settings.REDIS_URL = redis_url
    client = redis.Redis.from_url(redis_url)

    def cut() -> None:
        for number in subscribers(client):
            client.client_kill_filter(_id=number)

    async def story(hub: Hub) -> None:
        await subscribed(client)
        listener = await hub.open(KEY)
        hub.follow(listener)
        await tell_later(event())
        assert await take(listener) == [1]
        await asyncio.to_thread(cut)
        await tell_later(event())
        assert await take(listener) == [2]

    in_hub(story, net=NEVER)


def test_a_redis_that_is_down_stops_nobody(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    async def story(hub: Hub) -> None:
        listener = await hub.open(KEY)
        hub.follow(listener)
        await tell_later(event())
        assert await take(listener) == [1]

    in_hub(story, net=0.1)
