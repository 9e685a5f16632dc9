"""One exchange with a vendor, over real sockets: what comes back, how often it is asked, and which error it becomes."""

import gzip
import time
from datetime import UTC, datetime

import pytest

from integrations.errors import (
    DeadlineExceeded,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    Permanent,
    RateLimited,
    Retryable,
    Unauthorized,
)
from integrations.http import deadline
from integrations.http.meaning import error_for, retry_after, words_of
from integrations.http.operation import operation_of
from integrations.http.transport import Answer, exchange
from tests.clocks import eventually, quickest
from tests.integrations.vendor import nobody

KEY = {"Idempotency-Key": "k-1"}


def call(url: str, method: str = "GET", **options: object) -> Answer:
    return exchange("vendor", method, f"{url}/v1/things?secret=yes", **options)


def test_the_answer_comes_back_whole(vendor):
    vendor.answers(gzip.compress(b'{"id": 1}'), 201, {"Content-Encoding": "gzip", "X-Request": "7"})
    answer = call(vendor.url)
    assert (answer.status, answer.headers["x-request"], answer.body) == (201, "7", b'{"id": 1}')
    assert vendor.asked == [("GET", "/v1/things?secret=yes")]


def test_a_refused_connection_never_left_and_may_be_tried_again(pauses):
    with pytest.raises(Retryable) as caught:
        call(nobody(), "POST")
    assert not isinstance(caught.value, OutcomeUnknown)
    assert len(pauses) == 2


@pytest.mark.parametrize("failure", ["cuts", "breaks_off", "hangs"])
@pytest.mark.parametrize(("method", "headers", "asked"), [("POST", {}, 1), ("POST", KEY, 3), ("GET", {}, 3)])
def test_a_request_without_a_whole_answer_is_repeated_only_when_that_is_safe(
    vendor, failure, method, headers, asked, request
):
    if failure == "hangs":
        request.getfixturevalue("impatient")
    getattr(vendor, failure)()
    with pytest.raises(OutcomeUnknown):
        call(vendor.url, method, headers=headers)
    eventually(lambda: len(vendor.asked) >= asked, "the vendor has read what was sent")
    assert len(vendor.asked) == asked


def test_an_answer_that_cannot_be_decoded_is_no_answer(vendor):
    vendor.answers(b"this is not gzip", headers={"Content-Encoding": "gzip"})
    with pytest.raises(OutcomeUnknown):
        call(vendor.url, "POST")


def test_a_success_that_is_not_json_is_no_answer_where_json_is_promised(vendor):
    vendor.answers(b"<html>half of an ans").answers(b'{"id": 1}')
    assert call(vendor.url, as_json=True).body == b'{"id": 1}'
    assert len(vendor.asked) == 2


def test_an_answer_without_end_is_cut_off(vendor, monkeypatch):
    monkeypatch.setattr("integrations.http.transport.LARGEST", 1000)
    vendor.answers(b"x" * 1001)
    with pytest.raises(OutcomeUnknown, match="no end"):
        call(vendor.url, "POST")


def test_a_redirect_is_not_followed(vendor):
    vendor.answers(status=302, headers={"Location": f"{vendor.url}/elsewhere"})
    with pytest.raises(Permanent, match="vendor answered 302"):
        call(vendor.url)
    assert len(vendor.asked) == 1


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_every_2xx_is_a_success(vendor, status):
    vendor.answers(b"", status)
    assert call(vendor.url, "POST").status == status


@pytest.mark.parametrize(
    ("status", "method", "error", "asked"),
    [
        (400, "POST", Permanent, 1),
        (401, "GET", Unauthorized, 1),
        (403, "GET", Forbidden, 1),
        (404, "GET", NotFound, 1),
        (422, "POST", Permanent, 1),
        (500, "GET", Retryable, 3),
        (503, "DELETE", Retryable, 3),
        (500, "POST", OutcomeUnknown, 1),
        (503, "PATCH", OutcomeUnknown, 1),
    ],
)
def test_a_status_becomes_the_error_that_says_what_to_do_next(vendor, status, method, error, asked):
    vendor.answers(b"", status)
    with pytest.raises(error, match=f"vendor answered {status}") as caught:
        call(vendor.url, method)
    assert type(caught.value) is error
    assert caught.value.status == status
    assert len(vendor.asked) == asked


def test_a_vendor_that_recovers_is_not_noticed(vendor):
    vendor.answers(b"", 503).answers(b"", 502).answers(b'{"id": 1}')
    assert call(vendor.url).body == b'{"id": 1}'


@pytest.mark.usefixtures("leaping")
def test_a_post_that_was_turned_away_for_haste_is_made_again(vendor):
    vendor.answers(b"", 429, {"Retry-After": "0"}).answers(b"", 201)
    assert call(vendor.url, "POST").status == 201


@pytest.mark.parametrize("status", [429, 503])
def test_a_hostile_pause_parks_nobody(vendor, status, pauses):
    vendor.answers(b"", status, {"Retry-After": "86400"})
    with pytest.raises(Retryable) as caught:
        call(vendor.url)
    assert caught.value.retry_after == 86400
    assert pauses == []


def test_the_deadline_bounds_a_vendor_that_drips(vendor):
    def drip(handler):
        handler.say(200, {"Content-Length": "1000"}, b"")
        for _ in range(100):
            handler.wfile.write(b"x")
            time.sleep(0.02)

    def bounded():
        with deadline.within(0.3), pytest.raises(OutcomeUnknown):
            call(vendor.url)

    vendor.does(drip)
    assert quickest(bounded, 0.35) < 0.35


def test_nothing_is_sent_when_no_time_is_left(vendor):
    with deadline.within(0.0), pytest.raises(DeadlineExceeded):
        call(vendor.url)
    assert vendor.asked == []


class Rotating:
    """Credentials of which only the second are good."""

    def __init__(self, better: bool) -> None:
        self.better, self.token, self.renewed = better, "old", []

    def headers(self):
        return {"Authorization": f"Bearer {self.token}"}

    def renew(self, refused):
        self.renewed.append(dict(refused))
        self.token = "new"
        return self.better


def test_a_401_renews_the_credentials_once_and_asks_once_more(vendor):
    auth = Rotating(better=True)
    vendor.answers(b"", 401).answers(b'{"id": 1}')
    assert call(vendor.url, "POST", auth=auth).status == 200
    assert auth.renewed == [{"Authorization": "Bearer old"}]


@pytest.mark.parametrize(("better", "asked"), [(True, 2), (False, 1)])
def test_a_401_that_stays_is_the_callers(vendor, better, asked):
    vendor.answers(b"", 401)
    with pytest.raises(Unauthorized):
        call(vendor.url, auth=Rotating(better))
    assert len(vendor.asked) == asked


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("", None),
        ("-1", None),
        ("soon", None),
        ("1e9", None),
        ("²", None),
        ("nan", None),
        ("9" * 400, 999_999_999.0),
        ("Tue, 24 Nov 2026 08:00:30 GMT", 30.0),
        ("Tue, 24 Nov 2026 07:00:00 GMT", 0.0),
        ("Tue, 99 Nov 2026 07:00:00 GMT", None),
    ],
)
def test_the_vendor_may_ask_for_a_pause_in_seconds_or_until_a_date(header, seconds):
    now = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    assert retry_after({"retry-after": header}, now) == seconds


def test_only_the_type_that_can_wait_carries_a_pause():
    assert error_for("vendor", 429, {"retry-after": "7"}, idempotent=True).retry_after == 7
    assert type(error_for("vendor", 429, {}, idempotent=False)) is RateLimited


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": {"code": "c", "message": "m", "param": "secret"}}', "c m"),
        (b'{"errors": [{"message": "bad from", "field": "from"}]}', "bad from"),
        (b'{"message": 7}', ""),
        (b"[" * 100_000, ""),
        (b"<html>", ""),
        (b'{"message": "' + b"x" * 1000 + b'"}', "x" * 299 + "…"),
        (b'{"message": "no such key: sk_live_abcdefgh12345678"}', "no such key: sk_l…"),
        (b'{"message": "a\\u0000b \\ud800"}', "a b \ufffd"),
    ],
)
def test_the_safe_part_of_a_refusal_is_its_message(body, words):
    assert words_of(400, body) == words
    assert words_of(401, body) == ""


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/checkout/sessions", "/v1/checkout/sessions"),
        ("/v1/checkout/sessions/cs_test_a1B2c3", "/v1/checkout/sessions/{id}"),
        ("/v2/checkout/orders/5O190127TN364715T/capture", "/v2/checkout/orders/{id}/capture"),
        ("/repos/17/pulls", "/repos/{id}/pulls"),
        ("/v3/mail/send", "/v3/mail/send"),
        ("/things/6f9619ff-8b86-d011-b42d-00cf4fc964ff", "/things/{id}"),
    ],
)
def test_an_operation_has_one_name_whoever_it_is_for(path, name):
    assert operation_of("GET", f"https://api.example.com{path}?a=b") == f"GET {name}"
