"""Wake-ups: which streams have something new, carried to every hub; one that is lost costs time, never data."""

import asyncio
import json
import random
from collections.abc import Callable, Collection, Coroutine
from functools import cache
from typing import Any

import redis
import redis.asyncio
import structlog
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

log = structlog.get_logger("realtime")

CHANNEL = "patchbay:realtime"
SUBSCRIBER = "patchbay-realtime"
Wake = Callable[[Collection[str]], None]
Check = Callable[[], None]
_here: set[tuple[asyncio.AbstractEventLoop, Wake]] = set()


def publish(keys: Collection[str]) -> None:
    """Tell every hub that these streams have news; callable from any thread, after the commit."""
    if not settings.REDIS_URL:
        _publish_here(keys)
        return
    try:
        _client(settings.REDIS_URL).publish(CHANNEL, json.dumps(list(keys)))
    except redis.RedisError as error:
        # The rows are committed: every hub finds them when it next compares positions.
        log.warning("wake.lost", error=repr(error))


def listen(wake: Wake, check: Check) -> Coroutine[Any, Any, None]:
    """Call `wake` with the keys of each wake-up until cancelled, and `check` whenever some may have been missed."""
    if settings.REDIS_URL:
        return _listen_to_redis(settings.REDIS_URL, wake, check)
    return _listen_here(wake)


def _publish_here(keys: Collection[str]) -> None:
    for loop, wake in list(_here):
        if not loop.is_closed():
            loop.call_soon_threadsafe(wake, keys)


async def _listen_here(wake: Wake) -> None:
    ear = (asyncio.get_running_loop(), wake)
    _here.add(ear)
    try:
        await asyncio.Event().wait()
    finally:
        _here.discard(ear)


@cache
def _client(url: str) -> redis.Redis:
    # One quick second try for a connection gone stale; the relay must not wait for a Redis that is down.
    return redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 1))


async def _listen_to_redis(url: str, wake: Wake, check: Check) -> None:
    while True:
        try:
            await _subscribe(url, wake, check)
        except (redis.RedisError, OSError) as error:
            log.warning("wake.unsubscribed", error=repr(error))
        await asyncio.sleep(random.uniform(0.2, 1.0))  # noqa: S311  jitter


async def _subscribe(url: str, wake: Wake, check: Check) -> None:
    client = redis.asyncio.Redis.from_url(
        url,
        client_name=SUBSCRIBER,
        socket_connect_timeout=2,
        socket_keepalive=True,
        health_check_interval=10,
        retry=Retry(NoBackoff(), 0),
    )
    async with client, client.pubsub() as subscription:
        await subscription.subscribe(CHANNEL)
        while True:
            message = await subscription.get_message(timeout=5)
            if message and message["type"] == "subscribe":
                # Whatever was published before this moment went past us.
                check()
            elif message and message["type"] == "message":
                wake(json.loads(message["data"]))
