"""Every attempt leaves its line, its counts and, when it failed, its row; and watching never hurts the call."""

import pytest
from structlog.testing import capture_logs

from integrations.correlation import correlate
from integrations.http import journal as journals
from integrations.http import metrics, observe
from integrations.http.observe import Attempt, attempted, rejected
from integrations.metrics import exposition
from integrations.models import CallCount, CallFailure


@pytest.fixture(autouse=True)
def _nothing_noted():
    journals.journal._take()


def attempt(**changes):
    given = {"vendor": "acme", "operation": "POST /things", "number": 1, "outcome": "ok", "seconds": 0.2, "status": 200}
    return Attempt(**given | changes)


def value(series, **labels):
    wanted = series + "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "} "
    lines = [line for line in exposition().decode().splitlines() if line.startswith(wanted)]
    return float(lines[0].rpartition(" ")[2]) if lines else 0.0


def test_a_failed_attempt_is_one_line_and_a_good_one_none_in_ordinary_times():
    with capture_logs() as lines:
        attempted(attempt())
        attempted(attempt(outcome="vendor_unavailable", status=500, number=2))
    assert [(line["event"], line["log_level"], line["attempt"]) for line in lines] == [("vendor.call", "warning", 2)]


def test_what_the_vendor_refused_is_told_with_its_safe_words():
    with capture_logs() as lines:
        attempted(attempt(outcome="vendor_refused", status=400, excerpt="no amount; key sk_live_abcdefgh12345678"))
    assert lines[0]["excerpt"] == "no amount; key sk_l…"


def test_a_forbidden_call_is_a_security_event():
    with capture_logs() as lines:
        attempted(attempt(outcome="forbidden", status=403))
    line = lines[0]
    assert (line["event"], line["log_level"], line["security"]) == ("vendor.forbidden", "error", True)


def test_attempts_retries_and_their_time_are_counted():
    labels = {"operation": "GET /counted", "vendor": "acme"}
    attempted(attempt(operation="GET /counted"))
    attempted(attempt(operation="GET /counted", number=2, outcome="vendor_unavailable"))
    assert value("patchbay_vendor_attempts_total", operation="GET /counted", outcome="ok", vendor="acme") == 1
    failed = {"operation": "GET /counted", "outcome": "vendor_unavailable", "vendor": "acme"}
    assert value("patchbay_vendor_attempts_total", **failed) == 1
    assert value("patchbay_vendor_retries_total", **labels) == 1
    assert value("patchbay_vendor_attempt_seconds_count", **labels) == 2
    assert value("patchbay_vendor_attempt_seconds_sum", **labels) == pytest.approx(0.4)


@pytest.mark.django_db
def test_a_failure_becomes_a_row_with_its_request():
    with correlate("request-0001"):
        attempted(attempt(outcome="outcome_unknown", status=None, seconds=1.5, number=3))
    journals.journal.flush()
    row = CallFailure.objects.get()
    assert (row.vendor, row.operation, row.status, row.outcome) == ("acme", "POST /things", None, "outcome_unknown")
    assert (row.latency_ms, row.attempt, row.request_id) == (1500, 3, "request-0001")


@pytest.mark.django_db
def test_success_is_counted_and_makes_no_row():
    attempted(attempt())
    journals.journal.flush()
    assert CallFailure.objects.count() == 0
    assert [(row.ok, row.bucket_ms, row.count) for row in CallCount.objects.all()] == [(True, 250, 1)]


@pytest.mark.django_db
def test_a_vendor_that_knows_no_such_thing_is_well():
    attempted(attempt(outcome="not_found", status=404))
    journals.journal.flush()
    assert CallCount.objects.get().ok
    assert CallFailure.objects.get().status == 404


def test_watching_a_call_never_makes_it_fail(monkeypatch):
    def broken(*_values):
        raise OSError("the disk is full")

    monkeypatch.setattr(metrics.attempts, "count", broken)
    with capture_logs() as lines:
        attempted(attempt(outcome="vendor_unavailable", status=500))
    assert [line["event"] for line in lines] == ["vendor.not_counted", "vendor.call"]


def test_refusals_are_all_counted_and_told_without_drowning_the_log():
    labels = {"code": "circuit_open", "operation": "GET /refused", "vendor": "acme"}
    with capture_logs() as lines:
        for _ in range(50):
            rejected("acme", "GET /refused", "circuit_open")
        journals.journal.flush()
    assert value("patchbay_vendor_rejections_total", **labels) == 50
    assert [line.get("times", 1) for line in lines if line["event"] == "vendor.rejected"] == [1, 49]


def test_without_a_collector_a_span_is_one_shared_nothing():
    assert observe.traced("acme", "x", 1) is observe.traced("other", "y", 2)
