"""A vendor's hour in figures."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from integrations.buckets import BUCKETS_MS, bucket_of
from integrations.figures import figures, last_good, percentile, recent_failures
from integrations.models import CallCount, CallFailure

NOW = datetime(2026, 11, 24, 12, 30, 40, tzinfo=UTC)


def counted(minutes_ago, ok, bucket, count, vendor="acme"):
    minute = NOW.replace(second=0) - timedelta(minutes=minutes_ago)
    CallCount.objects.create(vendor=vendor, minute=minute, ok=ok, bucket_ms=bucket, count=count)


@pytest.mark.django_db
def test_an_hour_has_sixty_minutes_quiet_ones_too():
    counted(0, True, 50, 3)
    counted(59, False, 100, 1)
    counted(60, True, 50, 99)
    counted(0, True, 50, 99, vendor="other")
    found = figures("acme", now=NOW)
    assert len(found.per_minute) == 60
    assert found.per_minute[-1] == (NOW.replace(second=0), 3, 0)
    assert found.per_minute[0][1:] == (0, 1)
    assert (found.calls, found.failures, found.error_rate) == (4, 1, 0.25)


@pytest.mark.django_db
def test_a_vendor_nobody_called_has_no_rate_and_no_time():
    found = figures("acme", now=NOW)
    assert (found.calls, found.error_rate, found.p50_ms, found.p95_ms) == (0, None, None, None)


def test_percentiles_lie_within_their_bucket():
    buckets = Counter({100: 90, 1000: 10})
    assert 50 < percentile(buckets, 0.5) <= 100
    assert 600 < percentile(buckets, 0.95) <= 1000
    assert percentile(Counter({5: 1}), 0.5) == 2.5


def test_every_duration_has_its_bucket():
    assert [bucket_of(ms) for ms in (0, 5, 5.1, 1e9)] == [5, 5, 10, BUCKETS_MS[-1]]


@pytest.mark.django_db
def test_the_last_good_contact_is_no_failure():
    counted(3, True, 50, 1)
    counted(1, False, 50, 1)
    assert last_good("acme") == NOW.replace(second=0) - timedelta(minutes=3)
    assert last_good("other") is None


@pytest.mark.django_db
def test_recent_failures_come_newest_first():
    for hour in (1, 3, 2):
        at = NOW - timedelta(hours=hour)
        CallFailure.objects.create(vendor="acme", operation=str(hour), outcome="x", latency_ms=1, at=at)
    assert [row.operation for row in recent_failures("acme", 2)] == ["1", "2"]
