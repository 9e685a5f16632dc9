"""A vendor's own rate-limit headers, in the forms that vendors send, and hostile ones."""

import threading

import pytest
from django.core.cache import cache
from hypothesis import given
from hypothesis import strategies as st
from redis.exceptions import ConnectionError as RedisAway

from integrations.http import quota as quotas
from integrations.http.journal import Journal
from integrations.http.quota import Quota, heed, note, quota, quota_of, share


@pytest.fixture(autouse=True)
def _nothing_heard():
    share()


NOW = 1_800_000_000.0
READ = {
    "draft 11": ({"ratelimit": '"default";r=50;t=30', "ratelimit-policy": '"default";q=100;w=60'}, Quota(50, 100, 30)),
    "two windows": ({"ratelimit": '"hour";r=12;t=80, "day";r=9;t=7000'}, Quota(9, None, 7000)),
    "draft 7": ({"ratelimit": "limit=100, remaining=50, reset=30"}, Quota(50, 100, 30)),
    "separate": ({"ratelimit-remaining": "7", "ratelimit-limit": "10", "ratelimit-reset": "5"}, Quota(7, 10, 5.0)),
    "github": (
        {"x-ratelimit-remaining": "4999", "x-ratelimit-limit": "5000", "x-ratelimit-reset": "1800000060"},
        Quota(4999, 5000, 60.0),
    ),
    "a reset that has passed": ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1799999990"}, Quota(0, None, 0.0)),
    "nothing": ({"content-type": "text/html"}, None),
    "no number": ({"x-ratelimit-remaining": "lots"}, None),
    "a huge number": ({"x-ratelimit-remaining": "9" * 5000}, None),
    "negative": ({"x-ratelimit-remaining": "-1"}, None),
    "another alphabet": ({"x-ratelimit-remaining": "٣"}, None),
}


@pytest.mark.parametrize(("headers", "meant"), READ.values(), ids=READ)
def test_headers_are_read_as_vendors_mean_them(headers, meant):
    assert quota_of(headers, NOW) == meant


@given(st.dictionaries(st.sampled_from(["ratelimit", "ratelimit-policy", "x-ratelimit-remaining"]), st.text()))
def test_no_header_breaks_the_reader(headers):
    assert quota_of(headers, NOW) is None or quota_of(headers, NOW).remaining >= 0


def test_a_quota_is_known_to_all_until_it_resets():
    note("acme-known", Quota(3, 10, 60.0))
    assert quota("acme-known") == Quota(3, 10, 60.0)
    assert quota("acme-unknown") is None


def test_a_busy_vendor_is_heard_once_a_second(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(quotas.time, "monotonic", lambda: clock[0])
    seen = []
    for second, left in ((100.0, "9"), (100.5, "8"), (101.1, "7")):
        clock[0] = second
        heed("acme-busy", {"x-ratelimit-remaining": left})
        share()
        seen.append(quota("acme-busy").remaining)
    assert seen == [9, 9, 7]


def test_an_attempt_does_not_wait_for_the_cache_the_journal_does(monkeypatch):
    written = []
    monkeypatch.setattr(quotas, "note", lambda *_said: written.append(threading.current_thread().name))
    journal = Journal(lambda _counts, _failures: None, 60)
    heed("acme-hangs", {"x-ratelimit-remaining": "5"})
    assert written == []
    journal.count("acme-hangs", True, 1)
    journal.close()
    assert written == ["journal"]
    journal.flush()
    assert written == ["journal"], "what was written once is not written again"


def test_of_what_was_heard_between_two_writings_the_last_is_kept(monkeypatch):
    monkeypatch.setattr(quotas, "BETWEEN_NOTES", 0.0)
    for left in "98":
        heed("acme-twice", {"x-ratelimit-remaining": left})
    share()
    assert quota("acme-twice").remaining == 8


def test_a_cache_that_is_away_is_survived(monkeypatch):
    def away(*_args, **_kwargs):
        raise RedisAway("away")

    monkeypatch.setattr(cache, "set", away)
    monkeypatch.setattr(cache, "get", away)
    note("acme", Quota(3))
    assert quota("acme") is None
