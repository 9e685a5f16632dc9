"""Spans: named as OpenTelemetry names them, below the caller's, and without anybody's words."""

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from integrations import tracing
from integrations.correlation import correlate
from integrations.errors import OutcomeUnknown
from integrations.http.observe import Attempt, attempted, traced

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def attempt(**changes):
    given = {"vendor": "stripe", "operation": "POST /v1/x", "number": 1, "outcome": "ok", "seconds": 0.2, "status": 200}
    return Attempt(**given | changes)


def test_an_attempt_is_a_client_span_with_the_standard_names(spans):
    with correlate("request-0001"), traced("stripe", "POST /v1/x", 3):
        attempted(attempt(number=3))
    span = spans()[0]
    assert (span.name, span.kind) == ("stripe POST /v1/x", SpanKind.CLIENT)
    wanted = {
        "http.request.method": "POST",
        "http.request.resend_count": 2,
        "http.response.status_code": 200,
        "server.address": "127.0.0.1",
        "patchbay.request_id": "request-0001",
    }
    assert wanted.items() <= dict(span.attributes).items()


def test_a_first_attempt_is_no_resend(spans):
    with traced("stripe", "POST /v1/x", 1):
        attempted(attempt())
    assert "http.request.resend_count" not in spans()[0].attributes


def test_a_failure_is_told_by_its_code_and_not_by_its_words(spans):
    with pytest.raises(OutcomeUnknown), traced("stripe", "POST /v1/x", 1):
        raise OutcomeUnknown("sk_live_abcdefgh said no")
    span = spans()[0]
    assert (span.status.status_code, span.attributes["error.type"]) == (StatusCode.ERROR, "outcome_unknown")
    assert "sk_live" not in span.to_json()


def test_a_callers_trace_is_joined_and_travels_with_a_task(spans):
    with tracing.serving("GET", "/cart", {"traceparent": PARENT}):
        carrier = tracing.carried()
    with tracing.doing("webhooks.drain", carrier), traced("stripe", "GET /v1/x", 1):
        pass
    assert {f"{span.context.trace_id:032x}" for span in spans()} == {PARENT.split("-")[1]}
    served, called, done = spans()
    assert f"{served.parent.span_id:016x}" == PARENT.split("-")[2]
    assert (done.parent.span_id, called.parent.span_id) == (served.context.span_id, done.context.span_id)


def test_a_span_does_not_tell_what_opens_a_page(spans):
    with tracing.serving("GET", "/accounts/password/reset/key/3-a1B2c3D4e5/", {}):
        pass
    assert spans()[0].attributes["url.path"] == "/accounts/password/reset/key/[masked]/"


@pytest.mark.parametrize("header", ["", "00-junk", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "\x00" * 999])
def test_a_trace_that_is_none_begins_a_new_one(spans, header):
    with tracing.serving("GET", "/", {"traceparent": header}):
        pass
    assert spans()[0].parent is None


def test_a_sweep_that_nobody_has_caused_makes_no_span(spans):
    with tracing.doing("webhooks.drain", {}):
        pass
    assert spans() == ()


def test_off_there_is_nothing_to_carry_and_nothing_to_pay():
    assert tracing.carried() == {}
    assert tracing.serving("GET", "/", {"traceparent": PARENT}) is tracing.doing("x", {"traceparent": PARENT})
