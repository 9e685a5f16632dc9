"""What the API answers under its limits: the fields on every answer, the refusal, and whose bucket pays."""

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.core.checks import run_checks
from django.test import Client

from accounts.models import User
from payments.models import Product
from tests.accounts.conftest import PASSWORD, is_problem, make_person
from tests.webhooks.limits.conftest import Clock
from webhooks.api import limits

pytestmark = pytest.mark.django_db

JSON = "application/json"
ITEM = {"product": "cable", "quantity": 1}


@pytest.fixture(autouse=True)
def _limited(settings: Any, clock: Clock):
    """The limits as shipped, in this process, with full buckets."""
    settings.PATCHBAY_API_RATE, settings.PATCHBAY_API_BURST, settings.REDIS_URL = 100, 20, ""
    limits._buckets.cache_clear()
    cache.clear()  # where allauth counts wrong passwords
    yield
    limits._buckets.cache_clear()


@pytest.fixture
def person() -> User:
    Product.objects.create(slug="cable", name="Cable", amount=1900)
    return make_person("ada@example.com")


@pytest.fixture
def signed_in(person: User) -> Client:
    return browser_of(person)


def browser_of(person: User | None = None, **environ: str) -> Client:
    client = Client(raise_request_exception=False, **environ)
    if person:
        client.force_login(person)
    return client


def asked(client: Client, times: int, path: str = "/api/v1/products", **kwargs: Any) -> list[int]:
    return [client.get(path, **kwargs).status_code for _ in range(times)]


EVERY_KIND = [
    (200, "get", "/api/v1/me", {}),
    (200, "options", "/api/v1/me", {}),
    (201, "post", "/api/v1/cart/items", {"data": ITEM, "content_type": JSON}),
    (204, "post", "/auth/logout", {"data": {"refresh_token": "…"}, "content_type": JSON}),
    (400, "post", "/api/v1/cart/items", {"data": {}, "content_type": JSON}),
    (400, "get", "/api/v1/me", {"headers": {"Host": "elsewhere.example"}}),
    (401, "get", "/api/v1/me", {"headers": {"Authorization": "Bearer nonsense"}}),
    (401, "post", "/auth/login", {"data": {"email": "ada@example.com", "password": "wrong"}, "content_type": JSON}),
    (403, "get", "/api/v1/deliveries", {}),
    (404, "get", "/api/v1/orders/4711", {}),
    (404, "get", "/api/v1/nowhere", {}),
    (405, "delete", "/api/v1/me", {}),
    (406, "get", "/api/v1/me", {"headers": {"Accept": "text/csv"}}),
    (409, "post", "/api/v1/checkout", {"data": {"provider": "stripe"}, "content_type": JSON}),
    (415, "post", "/api/v1/cart/items", {"data": "x", "content_type": "text/plain"}),
    (200, "get", "/api/schema", {}),
    (200, "get", "/.well-known/jwks.json", {}),
]


@pytest.mark.parametrize(("status", "method", "path", "asking"), EVERY_KIND, ids=lambda value: str(value)[:30])
def test_every_kind_of_answer_tells_the_limits(
    signed_in: Client, status: int, method: str, path: str, asking: dict[str, Any]
) -> None:
    if status == 204:
        signing_in = {"email": "ada@example.com", "password": PASSWORD}
        asking["data"] = browser_of().post("/auth/login", signing_in, JSON).json()
        limits._buckets.cache_clear()
    answer = getattr(signed_in, method)(path, **asking)
    assert answer.status_code == status, answer.content
    assert answer.headers["RateLimit-Policy"] == '"default";q=100;w=60'
    assert answer.headers["RateLimit"] == '"default";r=19;t=1'


def test_what_broke_on_our_side_tells_the_limits_too(signed_in: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: Any) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr("accounts.api.me.Me.get", broken)
    answer = signed_in.get("/api/v1/me")
    assert is_problem(answer, 500, "internal_error")
    assert answer.headers["RateLimit"] == '"default";r=19;t=1'


def test_the_twenty_first_of_a_burst_is_refused_in_words_and_waiting_as_told_helps(
    signed_in: Client, clock: Clock
) -> None:
    assert asked(signed_in, 20, "/api/v1/me") == [200] * 20
    refused = signed_in.get("/api/v1/me")
    assert is_problem(refused, 429, "rate_limited")
    assert refused.json()["detail"] == "You may ask 100 times a minute, 20 of them at once. Ask again in a second."
    assert refused.headers["RateLimit"] == '"default";r=0;t=1'
    assert refused.headers["RateLimit-Policy"] == '"default";q=100;w=60'
    clock.advance(int(refused.headers["Retry-After"]))
    assert signed_in.get("/api/v1/me").status_code == 200


@pytest.mark.parametrize("rate", [1, 7, 59, 60, 61, 100, 1000])
def test_waiting_as_told_helps_at_any_rate(signed_in: Client, settings: Any, clock: Clock, rate: int) -> None:
    settings.PATCHBAY_API_RATE = rate
    while (answer := signed_in.get("/api/v1/me")).status_code == 200:
        clock.advance(0.01)
    seconds = int(answer.headers["Retry-After"])
    assert seconds == int(re.findall("t=([0-9]+)", answer.headers["RateLimit"])[0])
    clock.advance(max(0, seconds - 1 - 60 / rate))
    assert signed_in.get("/api/v1/me").status_code == 429
    clock.advance(1 + min(60 / rate, seconds - 1))
    assert signed_in.get("/api/v1/me").status_code == 200


def test_nobody_drains_the_bucket_of_somebody_else(signed_in: Client) -> None:
    """All of them from one address."""
    assert asked(browser_of(), 21)[-2:] == [200, 429]
    assert asked(browser_of(make_person("bob@example.com")), 21)[-2:] == [200, 429]
    assert asked(signed_in, 21)[-2:] == [200, 429]


def test_a_person_has_one_bucket_however_they_come(signed_in: Client) -> None:
    pair = browser_of().post("/auth/login", {"email": "ada@example.com", "password": PASSWORD}, JSON).json()
    token = {"Authorization": f"Bearer {pair['access_token']}"}
    assert asked(signed_in, 10) == [200] * 10
    assert asked(browser_of(REMOTE_ADDR="203.0.113.7"), 11, headers=token) == [200] * 10 + [429]


def test_who_claims_to_be_somebody_in_vain_pays_as_their_address(signed_in: Client) -> None:
    claims = {"Authorization": "Bearer nonsense"}
    assert asked(browser_of(), 20, headers=claims) == [401] * 20
    assert asked(browser_of(), 1) == [429]
    assert asked(browser_of(), 1, headers=claims) == [429]
    assert asked(browser_of(REMOTE_ADDR="203.0.113.7"), 1) == [200]
    assert asked(signed_in, 1) == [200]


def test_a_bad_token_is_still_refused_where_anybody_may_look(person: User) -> None:
    answer = browser_of().get("/api/v1/products", headers={"Authorization": "Bearer nonsense"})
    assert is_problem(answer, 401, "invalid_token")


def test_paths_that_do_not_exist_are_paid_for(person: User) -> None:
    assert asked(browser_of(), 21, "/api/v1/nowhere") == [404] * 20 + [429]


def test_the_lockout_after_wrong_passwords_keeps_its_own_time_to_wait(person: User) -> None:
    wrong = {"email": "ada@example.com", "password": "wrong"}
    answers = [browser_of().post("/auth/login", wrong, JSON) for _ in range(21)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 16
    assert {answer.json()["code"] for answer in answers[5:20]} == {"too_many_attempts"}
    assert {answer.headers["Retry-After"] for answer in answers[5:20]} == {"300"}
    assert answers[19].headers["RateLimit"] == '"default";r=0;t=1'
    assert is_problem(answers[20], 429, "rate_limited")
    assert answers[20].headers["Retry-After"] == "1"


@pytest.mark.parametrize("path", ["/", "/api/docs", "/docs/problems", "/accounts/login/"])
def test_pages_and_probes_are_outside(person: User, path: str) -> None:
    client = browser_of()
    for _ in range(25):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "RateLimit" not in answer.headers


def test_behind_a_proxy_each_address_pays_for_itself(person: User, settings: Any) -> None:
    settings.TRUSTED_PROXY_COUNT = 1
    one, other = ({"X-Forwarded-For": f"192.0.2.66, 203.0.113.{number}"} for number in (1, 2))
    assert asked(browser_of(), 21, headers=one) == [200] * 20 + [429]
    assert asked(browser_of(), 1, headers=other) == [200]
    forged = [{"X-Forwarded-For": f"192.0.2.{number}, 203.0.113.1"} for number in range(3)]
    assert [asked(browser_of(), 1, headers=headers) for headers in forged] == [[429]] * 3


def test_a_rate_of_none_limits_nobody_and_says_nothing(person: User, settings: Any) -> None:
    settings.PATCHBAY_API_RATE = 0
    assert asked(browser_of(), 50) == [200] * 50
    assert "RateLimit" not in browser_of().get("/api/v1/products").headers


def test_limits_live_in_redis_where_there_is_one(person: User, settings: Any, redis_url: str) -> None:
    settings.REDIS_URL, settings.PATCHBAY_API_RATE = redis_url, 1
    first, second = ({"REMOTE_ADDR": f"2001:db8:{person.pk:x}:{id(person) & 0xFFFF:x}::{n}"} for n in (1, 2))
    statuses = asked(browser_of(**first), 12)
    limits._buckets.cache_clear()  # as another process would begin
    assert statuses + asked(browser_of(**second), 12) == [200] * 20 + [429] * 4


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [("API_RATE", -1, "E001"), ("API_BURST", 0, "E001"), ("TRUSTED_PROXY_COUNT", -1, "E002"), ("API_RATE", 0, "")],
)
def test_settings_that_would_lock_everybody_out_are_errors(settings: Any, name: str, value: int, code: str) -> None:
    setattr(settings, name if name.startswith("TRUSTED") else f"PATCHBAY_{name}", value)
    found = [error.id for error in run_checks() if str(error.id).startswith("webhooks.")]
    assert found == ([f"webhooks.{code}"] if code else [])
