"""The HTTP cache: what a vendor allows, for whom it allows it, and never anybody else's."""

import random
import time
from contextlib import closing
from email.utils import formatdate
from uuid import uuid4

import pytest
import redis

from integrations.http import cachestores
from integrations.http.cache import caching_client
from tests.integrations.origin import hit, says


@pytest.fixture(params=["memory", "redis"])
def cache(request, settings, monkeypatch):
    """A client with the cache in each of its homes."""
    settings.REDIS_URL = "" if request.param == "memory" else request.getfixturevalue("redis_url")
    monkeypatch.setattr(cachestores, "KEEP", 60)
    settings.SECRET_KEY = uuid4().hex  # keys of its own, so that tests may share a Redis
    with closing(caching_client(trust_env=False)) as client:
        yield client


def test_what_may_be_kept_is_asked_for_once(cache, origin):
    origin.reply = says(b"once", cache_control="max-age=60")
    answers = [cache.get(origin.url) for _ in range(3)]
    assert [answer.content for answer in answers] == [b"once"] * 3
    assert [hit(answer) for answer in answers] == [False, True, True]
    assert len(origin.asked) == 1


def test_another_process_has_it_too_where_there_is_a_redis(origin, settings, redis_url):
    settings.REDIS_URL, settings.SECRET_KEY = redis_url, uuid4().hex
    origin.reply = says(cache_control="max-age=60")
    for _ in range(2):
        with closing(caching_client(trust_env=False)) as client:
            client.get(origin.url)
    assert len(origin.asked) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {}, {"cache_control": "no-store"}, {"cache_control": "no-store, max-age=60"}, {"cache_control": "public"},
        {"cache_control": "s-maxage=60"}, {"cache_control": "max-age=0"}, {"cache_control": "max-age=banana"},
        {"cache_control": "max-age=-1"}, {"expires": "0"}, {"expires": "Fri, 31 Dec 99999 00:00:00 GMT"},
        {"cache_control": "max-age=60", "vary": "*"}, {"cache_control": "max-age=60", "age": "61"},
        {"cache_control": "max-age=60", "date": formatdate(time.time() - 61, usegmt=True)},
        {"expires": formatdate(time.time() - 61, usegmt=True)},
        {"cache_control": "max-age=banana", "last_modified": "Mon, 01 Jan 2001 00:00:00 GMT"},
    ],
    ids=range(15),
)  # fmt: skip
def test_what_may_not_be_kept_is_asked_for_each_time(cache, origin, headers):
    origin.reply = says(**headers)
    assert [hit(cache.get(origin.url)) for _ in range(2)] == [False, False]
    assert len(origin.asked) == 2


def test_nobody_guesses_a_lifetime_from_an_old_date(cache, origin):
    """RFC 9111 allows it; hishel alone would serve this for a week without asking."""
    origin.reply = says(last_modified="Mon, 01 Jan 2001 00:00:00 GMT")
    cache.get(origin.url)
    cache.get(origin.url)
    assert origin.asked[1].headers["If-Modified-Since"] == "Mon, 01 Jan 2001 00:00:00 GMT"


@pytest.mark.parametrize("date", ["", "yesterday", "ahead"])
def test_a_vendor_without_a_clock_or_with_one_that_is_ahead_does_not_make_an_answer_eternal(
    cache, origin, date, monkeypatch
):
    """hishel alone takes such an answer for new until its clock has passed that of the vendor."""
    ahead = formatdate(time.time() + 3600, usegmt=True)
    origin.reply = says(cache_control="max-age=60", date=ahead if date == "ahead" else date)
    cache.get(origin.url)
    assert hit(cache.get(origin.url))
    later = time.time() + 61
    monkeypatch.setattr("hishel._core._spec.time.time", lambda: later)
    assert not hit(cache.get(origin.url))


def test_an_expiry_by_a_clock_that_is_ahead_is_as_long_as_the_vendor_meant(cache, origin):
    ahead = time.time() + 3600
    expires, date = (formatdate(moment, usegmt=True) for moment in (ahead + 60, ahead))
    origin.reply = says(expires=expires, date=date)
    assert "max-age=60" in cache.get(origin.url).headers["Cache-Control"]
    assert hit(cache.get(origin.url))


def test_a_304_that_says_no_more_leaves_what_was_said_with_the_body(cache, origin):
    def reply(request):
        if "If-None-Match" in request.headers:
            return 304, {"ETag": '"v1"'}, b""
        return 200, {"ETag": '"v1"', "Cache-Control": "max-age=60", "Age": "61"}, b"body"

    origin.reply = reply
    answers = [cache.get(origin.url) for _ in range(3)]
    assert [answer.headers["Cache-Control"] for answer in answers] == ["max-age=60"] * 3


def test_the_age_at_the_vendor_counts(cache, origin):
    origin.reply = says(cache_control="max-age=60", age="50")
    cache.get(origin.url)
    again = cache.get(origin.url)
    assert hit(again)
    assert 50 <= int(again.headers["Age"]) < 60


def test_an_etag_is_asked_about_and_the_kept_body_served_when_it_is_still_true(cache, origin):
    def reply(request):
        known = request.headers.get("If-None-Match") == '"v1"'
        return (304 if known else 200, {"ETag": '"v1"', "Cache-Control": "no-cache"}, b"" if known else b"body")

    origin.reply = reply
    answers = [cache.get(origin.url, headers={"Authorization": "Bearer a"}) for _ in range(2)]
    assert [answer.content for answer in answers] == [b"body"] * 2
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[1].extensions["caching"]["revalidated"]
    assert [request.headers["Authorization"] for request in origin.asked] == ["Bearer a"] * 2


def test_vary_is_honoured(cache, origin):
    origin.reply = lambda request: (
        200, {"Cache-Control": "max-age=60", "Vary": "Accept-Language"}, request.headers["Accept-Language"].encode(),
    )  # fmt: skip
    for language in ("de", "fr", "de", "fr"):
        assert cache.get(origin.url, headers={"Accept-Language": language}).text == language
    assert len(origin.asked) == 2


def test_vary_on_the_credential_itself_still_hits(cache, origin):
    """GitHub's answers do: `Vary: Accept, Authorization, Cookie`."""
    origin.reply = says(cache_control="private, max-age=60", vary="Accept, Authorization, Cookie")
    mine = {"Authorization": "Bearer mine", "Cookie": "a=1"}
    assert [hit(cache.get(origin.url, headers=mine)) for _ in range(2)] == [False, True]


def test_a_vendor_that_varies_on_what_never_repeats_does_not_fill_the_index(cache, origin):
    origin.reply = says(cache_control="max-age=60", vary="X-Request-Id")
    for number in range(40):
        cache.get(origin.url, headers={"X-Request-Id": str(number)})
    keys = []
    origin.reply = says()
    get_entries = cache._storage.get_entries
    cache._storage.get_entries = lambda key: keys.append(key) or get_entries(key)
    cache.get(origin.url)
    assert len(get_entries(keys[0])) <= 2


def test_an_unsafe_request_makes_the_kept_answer_void(cache, origin):
    origin.reply = says(cache_control="max-age=60")
    cache.get(origin.url)
    cache.post(origin.url, content=b"change", headers={"Idempotency-Key": "k"})
    assert not hit(cache.get(origin.url))


WAYS_TO_BE_SOMEBODY = [
    "Authorization",
    "Cookie",
    "X-Api-Key",
    "PRIVATE-TOKEN",
    "Stripe-Account",
    "X-Amz-Security-Token",
]


def test_no_answer_is_ever_another_persons(cache, origin):
    """The vendor gives everybody the same address, allows keeping, and names no Vary: the worst it can do."""
    rng = random.Random(7)

    def reply(request):
        who = next(request.headers[name] for name in WAYS_TO_BE_SOMEBODY if name in request.headers)
        directive = rng.choice(["public, max-age=60", "max-age=60", "private, max-age=60", "max-age=60, s-maxage=60"])
        return 200, {"Cache-Control": directive, "Set-Cookie": f"session={who}"}, who.encode()

    origin.reply = reply
    crossed = hits = 0
    for _ in range(400):
        name, who = rng.choice(WAYS_TO_BE_SOMEBODY), f"{rng.choice(['Bearer ', 'bearer ', ''])}user-{rng.randrange(15)}"
        answer = cache.get(f"{origin.url}/me", headers={name: who})
        crossed += answer.text != who
        hits += hit(answer)
    assert crossed == 0
    assert hits > 100
    sent = [request.headers for request in origin.asked if "Cookie" not in request.headers]
    assert len(sent) > 100
    assert all("session=" not in request.headers.get("Cookie", "") for request in origin.asked)


def test_who_shares_a_credential_is_told_apart_by_tenant_and_the_vendor_never_hears_of_it(cache, origin):
    origin.reply = lambda _request: (200, {"Cache-Control": "max-age=60"}, str(len(origin.asked)).encode())
    mine = {"headers": {"Authorization": "Bearer ours"}}
    first = cache.get(origin.url, **mine, extensions={"tenant": "a"})
    other = cache.get(origin.url, **mine, extensions={"tenant": "b"})
    again = cache.get(origin.url, **mine, extensions={"tenant": "a"})
    assert [first.text, other.text, again.text] == ["1", "2", "1"]
    assert "tenant" not in str(origin.asked[0].headers).lower()


def test_no_credential_is_in_the_storage(origin, settings, redis_url):
    settings.REDIS_URL, settings.SECRET_KEY = redis_url, uuid4().hex
    origin.reply = says(cache_control="max-age=60", vary="Authorization, Cookie")
    secret = uuid4().hex
    with closing(caching_client(trust_env=False)) as client, closing(redis.Redis.from_url(redis_url)) as store:
        client.get(f"{origin.url}/{secret[:8]}", headers={"Authorization": f"Bearer {secret}", "Cookie": f"s={secret}"})
        entries = [store.get(name) or b"" for name in store.scan_iter("patchbay:http:entry:*")]
    mine = [entry for entry in entries if secret[:8].encode() in entry]
    assert mine
    assert all(secret.encode() not in entry for entry in mine)


def test_what_was_asked_arrives_as_it_was_asked(cache, origin):
    sent = [("X-One", "1"), ("Authorization", "Basic YTpi"), ("X-One", "2")]
    cache.post(origin.url, headers=sent, content=b"abc")
    arrived = origin.asked[0].headers
    assert arrived.get_all("X-One") == ["1", "2"]
    assert arrived["Authorization"] == "Basic YTpi"
    assert arrived["Content-Length"] == "3"


def test_a_huge_body_is_passed_on_and_not_kept(cache, origin):
    origin.reply = says(b"x" * (cachestores.BODY + 1), cache_control="max-age=60")
    answers = [cache.get(origin.url) for _ in range(2)]
    assert [len(answer.content) for answer in answers] == [cachestores.BODY + 1] * 2
    assert not hit(answers[1])


def test_a_body_that_was_cut_off_is_not_kept(cache, origin):
    origin.reply = says(b"half", cache_control="max-age=60", content_length="8")
    with pytest.raises(Exception, match="peer closed"):
        cache.get(origin.url)
    origin.reply = says(b"whole", cache_control="max-age=60")
    assert cache.get(origin.url).content == b"whole"


def test_strange_headers_are_kept_as_they_came(cache, origin):
    origin.reply = says(cache_control='MAX-AGE=60,,;=,"', x_name="Zo\xeb", x_empty="")
    first, again = cache.get(origin.url), cache.get(origin.url)
    assert hit(again)
    assert (again.headers["X-Name"], again.headers["X-Empty"]) == (first.headers["X-Name"], "")
