"""Where the cache keeps its entries: bounded, and a Redis that dies, hangs or comes back is never an error."""

import logging
import re
import time
from contextlib import closing

import pytest

from integrations.http import cachestores
from integrations.http.cache import caching_client
from tests.integrations.origin import hit, says


@pytest.fixture(autouse=True)
def _nothing_said_yet():
    for once in logging.getLogger(cachestores.RedisStorage.__module__).filters:
        once._next = 0.0


def test_in_memory_the_cache_is_bounded(origin, settings, monkeypatch):
    settings.REDIS_URL = ""
    monkeypatch.setattr(cachestores, "MEMORY", 1 << 20)
    origin.reply = says(b"x" * 100_000, cache_control="max-age=60")
    with closing(caching_client(trust_env=False)) as client:
        for number in range(30):
            assert client.get(f"{origin.url}/{number}").status_code == 200
        storage = client._storage
        assert storage._database_size(storage.connection.cursor()) <= 1.2 * (1 << 20)


def test_a_redis_that_dies_is_a_miss_and_one_line_a_second(origin, settings, own_redis, caplog):
    settings.REDIS_URL = own_redis.url
    origin.reply = says(cache_control="max-age=60")
    with closing(caching_client(trust_env=False)) as client:
        client.get(origin.url)
        assert hit(client.get(origin.url))
        own_redis.kill()
        with caplog.at_level(logging.WARNING):
            began = time.monotonic()
            assert [client.get(origin.url).content for _ in range(50)] == [b"body"] * 50
            took = time.monotonic() - began
        assert len(origin.asked) == 51
        assert len(caplog.records) <= 1 + took
        assert re.match("hishel: could not read entries.*Error", caplog.records[0].getMessage())


def test_many_that_find_it_dead_at_once_write_one_line_and_no_traceback():
    once = cachestores.OnceASecond()
    records = [
        logging.makeLogRecord({"msg": "dead", "created": moment, "exc_info": (OSError, OSError("why"), None)})
        for moment in (100.0, 100.1, 100.99, 101.0, 101.5)
    ]
    assert [once.filter(record) for record in records] == [True, False, False, True, False]
    assert (records[0].getMessage(), records[0].exc_info) == ("dead: OSError('why')", None)


def test_a_redis_that_hangs_costs_a_quarter_of_a_second_and_not_each_time(origin, settings, own_redis, monkeypatch):
    monkeypatch.setattr(cachestores, "WAIT", 0.25)
    settings.REDIS_URL = own_redis.url
    origin.reply = says(cache_control="max-age=60")
    with closing(caching_client(trust_env=False)) as client:
        client.get(origin.url)
        asked, ask = [], cachestores.RedisStorage._get_entries
        monkeypatch.setattr(
            cachestores.RedisStorage, "_get_entries", lambda self, key: (asked.append(key), ask(self, key))[1]
        )
        own_redis.hang()  # it takes connections and says nothing
        began = time.monotonic()
        for _ in range(20):
            assert client.get(origin.url).content == b"body"
        assert 1 <= len(asked) <= 2 + time.monotonic() - began


def test_a_redis_that_comes_back_is_used_again(origin, settings, own_redis, monkeypatch):
    settings.REDIS_URL = own_redis.url
    monkeypatch.setattr("integrations.absence.SHORTEST", 0.0)
    origin.reply = says(cache_control="max-age=60")
    with closing(caching_client(trust_env=False)) as client:
        own_redis.kill()
        client.get(origin.url)
        own_redis.start()
        client.get(origin.url)
        assert hit(client.get(origin.url))


def test_a_redis_that_dies_between_finding_and_reading_is_asked_past(origin, settings, own_redis, monkeypatch):
    settings.REDIS_URL = own_redis.url
    origin.reply = says(cache_control="max-age=60")
    with closing(caching_client(trust_env=False)) as client:
        client.get(origin.url)
        storage = client._storage
        found = storage._get_entries

        def find_then_die(key):
            entries = found(key)
            own_redis.kill()
            return entries

        monkeypatch.setattr(storage, "_get_entries", find_then_die)
        assert client.get(origin.url).content == b"body"
    assert len(origin.asked) == 2
