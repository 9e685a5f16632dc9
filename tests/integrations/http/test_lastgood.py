"""The last good answer: whose it is, how old it may be, when it stands in, and that it never does unmarked."""

import pickle
from datetime import timedelta

import httpx2
import pytest
from django.core.cache import cache, caches
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from integrations.errors import (
    CircuitOpen,
    DeadlineExceeded,
    NotFound,
    OutcomeUnknown,
    Permanent,
    RateLimited,
    Retryable,
    Unauthorized,
)
from integrations.http import lastgood
from integrations.http.lastgood import known, recall, remember
from integrations.http.transport import Answer, exchange
from tests.integrations.vendor import nobody

HOUR = timedelta(hours=1)


pytestmark = pytest.mark.usefixtures("forgetful")


def answer(status=200, body=b"body", headers=()):
    return Answer(status, httpx2.Headers(list(headers)), body)


def fails(error):
    def ask():
        raise error

    return ask


def test_the_answer_comes_back_as_it_was_with_its_age(later):
    remember("acme", "read", "t", answer(headers=[("X-One", "1"), ("X-One", "2"), ("ETag", '"v"')]))
    later(minutes=5)
    found = recall("acme", "read", "t", HOUR)
    assert (found.answer.status, found.answer.body) == (200, b"body")
    assert found.answer.headers.get_list("x-one") == ["1", "2"]
    assert timedelta(minutes=5) <= found.age < timedelta(minutes=6)
    assert found.stale


def test_the_age_limit_is_hard(later):
    remember("acme", "read", "t", answer())
    later(hours=1, seconds=1)
    assert recall("acme", "read", "t", HOUR) is None
    assert recall("acme", "read", "t", 2 * HOUR) is not None
    later(days=1, seconds=1)
    assert recall("acme", "read", "t", timedelta(days=30)) is None


def test_a_host_whose_clock_is_behind_sees_no_negative_age(later):
    remember("acme", "read", "t", answer())
    later(hours=-1)
    assert recall("acme", "read", "t", HOUR).age == timedelta()


names = st.text(max_size=12)


@given(st.lists(st.tuples(names, names, names.filter(bool)), min_size=2, max_size=2, unique=True))
def test_no_two_tenants_vendors_or_operations_share_an_answer(places):
    mine, other = places
    cache.clear()
    remember(*mine, answer(body=b"mine"))
    assert recall(*other, HOUR) is None
    assert recall(*mine, HOUR).answer.body == b"mine"


def test_an_answer_that_is_nobodys_is_refused():
    with pytest.raises(ValueError, match="tenant"):
        remember("acme", "read", "", answer())
    with pytest.raises(ValueError, match="tenant"):
        recall("acme", "read", "", HOUR)


@pytest.mark.parametrize("status", [201, 202, 204, 206, 301, 304, 400, 401, 403, 404, 429, 500, 503])
def test_only_a_whole_good_answer_is_remembered(status):
    remember("acme", "read", "t", answer(status))
    assert recall("acme", "read", "t", HOUR) is None


def test_a_huge_body_or_a_huge_header_is_not_remembered_and_the_last_good_one_stays():
    remember("acme", "read", "t", answer(body=b"good"))
    remember("acme", "read", "t", answer(body=b"x" * lastgood.LARGEST))
    remember("acme", "read", "t", answer(headers=[("X", "y" * lastgood.LARGEST)]))
    assert recall("acme", "read", "t", HOUR).answer.body == b"good"


@given(
    st.lists(st.tuples(st.binary(min_size=1, max_size=20), st.binary(max_size=40)), max_size=8), st.binary(max_size=99)
)
def test_any_headers_and_any_body_come_back_byte_for_byte(headers, body):
    remember("acme", "read", "t", Answer(200, httpx2.Headers(headers), body))
    found = recall("acme", "read", "t", HOUR).answer
    assert (found.headers.raw, found.body) == (headers, body)


@pytest.mark.parametrize(
    "error", [Retryable, CircuitOpen, RateLimited, DeadlineExceeded, OutcomeUnknown], ids=lambda error: error.code
)
def test_it_stands_in_when_the_vendor_cannot_answer(error):
    known("acme", "read", "t", HOUR, lambda: answer(body=b"good"))
    assert known("acme", "read", "t", HOUR, fails(error("down"))).answer.body == b"good"


@pytest.mark.parametrize("error", [Permanent, NotFound, Unauthorized], ids=lambda error: error.code)
def test_a_vendor_that_is_well_and_says_no_is_believed(error):
    known("acme", "read", "t", HOUR, answer)
    with pytest.raises(error):
        known("acme", "read", "t", HOUR, fails(error("no")))


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_it_stands_in_for_an_answer_that_says_the_vendor_is_down(status):
    known("acme", "read", "t", HOUR, lambda: answer(body=b"good"))
    assert known("acme", "read", "t", HOUR, lambda: answer(status)).answer.body == b"good"
    assert known("acme", "read", "other", HOUR, lambda: answer(status)).answer.status == status


@pytest.mark.parametrize("status", [401, 404])
def test_it_does_not_stand_in_for_a_no(status):
    known("acme", "read", "t", HOUR, answer)
    assert known("acme", "read", "t", HOUR, lambda: answer(status)).answer.status == status


def test_with_nothing_remembered_the_error_is_the_callers():
    with pytest.raises(CircuitOpen) as refused:
        known("acme", "read", "t", HOUR, fails(CircuitOpen("open", 12.0)))
    assert refused.value.retry_after == 12.0


def test_over_real_http_to_a_vendor_that_went_away(vendor):
    vendor.answers({"name": "good"}, headers={"X-Odd": "\xe9"})
    url = vendor.url
    first = known("acme", "read", "t", HOUR, lambda: exchange("acme", "GET", url)).answer
    assert known("acme", "read", "t", HOUR, lambda: exchange("acme", "GET", nobody())).answer == first


def test_what_is_served_is_noted_by_vendor_with_the_oldest_age(later):
    with lastgood.collecting():
        known("acme", "read", "t", HOUR, answer)
        assert (lastgood.stale_age(), lastgood.stale_vendors()) == (None, [])
        later(minutes=2)
        known("other", "read", "t", HOUR, answer)
        later(minutes=5)
        for vendor in ("other", "acme"):
            known(vendor, "read", "t", HOUR, fails(Retryable("down")))
        assert lastgood.stale_vendors() == ["acme", "other"]
        assert timedelta(minutes=7) <= lastgood.stale_age() < timedelta(minutes=8)
    assert lastgood.stale_age() is None


def test_nothing_is_noted_for_the_next_request():
    remember("acme", "read", "t", answer())
    known("acme", "read", "t", HOUR, fails(Retryable("down")))
    with lastgood.collecting():
        assert lastgood.stale_age() is None


def test_plain_data_is_remembered_as_well():
    assert known("acme", "rows", "t", HOUR, lambda: (("a", "b"),)).age == timedelta()
    assert known("acme", "rows", "t", HOUR, fails(Retryable("down"))).answer == (("a", "b"),)


def test_a_cache_that_is_down_costs_the_memory_and_never_the_answer(monkeypatch, settings):
    dead = nobody().replace("http", "redis")
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": dead}}
    monkeypatch.setattr(lastgood, "cache", caches.create_connection("default"))
    assert known("acme", "read", "t", HOUR, lambda: answer(body=b"new")).answer.body == b"new"
    assert recall("acme", "read", "t", HOUR) is None
    with pytest.raises(OutcomeUnknown):
        known("acme", "read", "t", HOUR, fails(OutcomeUnknown("down")))


def test_it_is_shared_by_all_processes_where_there_is_a_redis(monkeypatch, settings, redis_url):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redis_url}}
    tenant = str(timezone.now().timestamp())
    monkeypatch.setattr(lastgood, "cache", caches.create_connection("default"))
    remember("acme", "read", tenant, answer(headers=[("a", "b")]))
    monkeypatch.setattr(lastgood, "cache", caches.create_connection("default"))
    assert recall("acme", "read", tenant, HOUR).answer == answer(headers=[("a", "b")])


def test_a_memory_that_cannot_be_read_is_none(monkeypatch):
    class Garbled:
        def get(self, _key):
            return pickle.loads(b"garbage")

    monkeypatch.setattr(lastgood, "cache", Garbled())
    assert recall("acme", "read", "t", HOUR) is None
