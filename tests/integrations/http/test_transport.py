"""One exchange with a vendor, over real sockets: what comes back, and which error each failure becomes."""

import gzip

import pytest

from integrations.errors import NotFound, OutcomeUnknown, Permanent, Retryable, Unauthorized
from integrations.http.transport import Answer, error_for, exchange, require_success
from tests.integrations.vendor import nobody


def call(url: str, method: str = "GET") -> Answer:
    return exchange("vendor", method, f"{url}/v1/things?secret=yes")


def test_the_answer_comes_back_whole(vendor):
    vendor.answers(gzip.compress(b'{"id": 1}'), 201, {"Content-Encoding": "gzip", "X-Request": "7"})
    answer = call(vendor.url)
    assert (answer.status, answer.headers["x-request"], answer.body) == (201, "7", b'{"id": 1}')
    assert vendor.asked == [("GET", "/v1/things?secret=yes")]


def test_a_refused_connection_never_left_and_may_be_tried_again():
    with pytest.raises(Retryable) as caught:
        call(nobody())
    assert not isinstance(caught.value, OutcomeUnknown)


@pytest.mark.parametrize("failure", ["cuts", "breaks_off", "hangs"])
@pytest.mark.usefixtures("impatient")
def test_a_request_without_a_whole_answer_may_have_been_done(vendor, failure):
    getattr(vendor, failure)()
    with pytest.raises(OutcomeUnknown):
        call(vendor.url, "POST")
    assert len(vendor.asked) == 1, "the transport must not repeat by itself"


def test_an_answer_that_cannot_be_decoded_is_no_answer(vendor):
    vendor.answers(b"this is not gzip", headers={"Content-Encoding": "gzip"})
    with pytest.raises(OutcomeUnknown):
        call(vendor.url, "POST")


def test_a_redirect_is_not_followed(vendor):
    vendor.answers(status=302, headers={"Location": f"{vendor.url}/elsewhere"})
    assert call(vendor.url).status == 302
    assert len(vendor.asked) == 1


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_every_2xx_is_a_success(status):
    answer = Answer(status, {}, b"")
    assert require_success("vendor", "POST", answer) is answer


@pytest.mark.parametrize(
    ("status", "method", "error"),
    [
        (302, "GET", Permanent),
        (400, "POST", Permanent),
        (401, "GET", Unauthorized),
        (403, "GET", Permanent),
        (404, "GET", NotFound),
        (422, "POST", Permanent),
        (429, "GET", Retryable),
        (429, "POST", Retryable),
        (500, "GET", Retryable),
        (503, "DELETE", Retryable),
        (500, "POST", OutcomeUnknown),
        (503, "PATCH", OutcomeUnknown),
    ],
)
def test_a_status_becomes_the_error_that_says_what_to_do_next(status, method, error):
    with pytest.raises(error, match=f"vendor answered {status}") as caught:
        require_success("vendor", method, Answer(status, {}, b""))
    assert type(caught.value) is error


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("0", 0.0), ("", None), ("-1", None), ("soon", None), ("1e9", None), ("²", None), ("nan", None)],
)
def test_the_vendor_may_ask_for_a_pause_in_whole_seconds(status, header, seconds):
    error = error_for("vendor", status, {"retry-after": header}, idempotent=True)
    assert error.retry_after == seconds
