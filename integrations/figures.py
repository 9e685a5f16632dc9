"""A vendor's hour in figures, from the counts of all processes; a few seconds behind."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Subquery
from django.utils import timezone

from integrations.buckets import BUCKETS_MS
from integrations.errors import Forbidden, Unauthorized
from integrations.models import CallCount, CallFailure

REFUSALS = (Unauthorized.code, Forbidden.code)


@dataclass(frozen=True)
class Figures:
    """`per_minute` has an entry (minute, ok, failed) for every minute, quiet ones too, the running one last.

    `error_rate` is between 0 and 1; it and the percentiles (milliseconds) are None when there was no call.
    """

    per_minute: list[tuple[datetime, int, int]]
    calls: int
    failures: int
    error_rate: float | None
    p50_ms: float | None
    p95_ms: float | None


def figures(vendor: str, minutes: int = 60, now: datetime | None = None) -> Figures:
    """The last `minutes` of a vendor; of none there is nothing to tell."""
    last = (now or timezone.now()).replace(second=0, microsecond=0)
    if not minutes:
        return Figures([], 0, 0, None, None, None)
    span = [last - timedelta(minutes=back) for back in reversed(range(minutes))]
    by_minute: Counter[tuple[datetime, bool]] = Counter()
    by_bucket: Counter[int] = Counter()
    rows = CallCount.objects.filter(vendor=vendor, minute__gte=span[0], minute__lte=last)
    for minute, ok, bucket, count in rows.values_list("minute", "ok", "bucket_ms", "count"):
        by_minute[minute, ok] += count
        by_bucket[bucket] += count
    per_minute = [(minute, by_minute[minute, True], by_minute[minute, False]) for minute in span]
    calls, failures = by_bucket.total(), sum(failed for _, _, failed in per_minute)
    rate = failures / calls if calls else None
    return Figures(per_minute, calls, failures, rate, percentile(by_bucket, 0.50), percentile(by_bucket, 0.95))


def percentile(buckets: Counter[int], share: float) -> float | None:
    """The value that `share` of the calls stayed below, taken to lie evenly within each bucket; None without calls."""
    wanted, below = share * buckets.total(), 0
    for upper, count in sorted(buckets.items()):
        lower = max([bound for bound in BUCKETS_MS if bound < upper], default=0)
        if count and below + count >= wanted:
            return lower + (upper - lower) * (wanted - below) / count
        below += count
    return None


def last_good(vendor: str) -> datetime | None:
    """The minute of the last attempt that ended well; None when there was none in two days."""
    return CallCount.objects.filter(vendor=vendor, ok=True).aggregate(last=Max("minute"))["last"]


def recent_failures(vendor: str, limit: int = 20) -> list[CallFailure]:
    """The newest failed attempts, newest first."""
    return list(CallFailure.objects.filter(vendor=vendor).order_by("-at")[:limit])


def refused(vendor: str, since: datetime) -> str:
    """How the vendor refuses our credentials: `unauthorized` or `forbidden`, for two such answers and none good since.

    Good answers are known by the minute. A key that is not accepted fails whatever it is used for, so what was good
    within the same minute was so before; a key that may not do one thing still does the others.
    """
    good = CallCount.objects.filter(vendor=vendor, ok=True).order_by("-minute").values("minute")[:1]
    rows = (
        CallFailure.objects.filter(vendor=vendor, outcome__in=REFUSALS, at__gt=since)
        .order_by("-at")
        .values_list("at", "outcome", Subquery(good))
    )
    newest = list(rows[:2])
    if len(newest) < 2:
        return ""
    (at, outcome, last), (before, _, _) = newest
    bound = at if outcome == Unauthorized.code else before.replace(second=0, microsecond=0)
    return "" if last and last >= bound else outcome
