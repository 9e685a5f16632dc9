"""What is known of a vendor right now, wherever it is kept: the one door to circuit, figures, quota and account."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.db.models import Max
from django.utils import timezone

from integrations.account import account_of
from integrations.contract import Provider
from integrations.errors import IntegrationError
from integrations.http.state import state_of
from integrations.http.states import Look, Mode
from integrations.models import Incident, Probe, VendorHealth
from integrations.registry import all_providers
from integrations.states import Observation

JUDGED = 5  # minutes of traffic that decide a state: long enough for a rate, short enough to notice the end


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Calls of the last minutes. `per_minute` is (calls, failures) of each minute, the oldest first."""

    per_minute: Sequence[tuple[int, int]]
    calls: int
    failures: int
    error_rate: float
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One call that failed; `words` are the vendor's, secrets masked."""

    at: datetime
    operation: str
    status: int | None
    code: str
    ms: float
    request_id: str
    words: str


def look(vendor: str) -> Look:
    """The vendor's circuit now."""
    return state_of(vendor).look()


def order(vendor: str, mode: str) -> None:
    """Force the vendor's circuit into `mode`, everywhere."""
    state_of(vendor).order(Mode(mode))


def figures(vendor: str, minutes: int = 60, now: datetime | None = None) -> Figures:
    """The calls of the last `minutes`."""
    now = now or timezone.now()
    rows = list(
        Probe.objects.filter(vendor=vendor, at__gt=now - timedelta(minutes=minutes), at__lte=now).values_list(
            "at", "ms", "code"
        )
    )
    buckets = [[0, 0] for _ in range(minutes)]
    for at, _, code in rows:
        bucket = buckets[minutes - 1 - int((now - at).total_seconds() // 60)]
        bucket[0] += 1
        bucket[1] += bool(code)
    failures, took = sum(bool(code) for _, _, code in rows), sorted(ms for _, ms, _ in rows)
    return Figures(
        per_minute=[(calls, failed) for calls, failed in buckets],
        calls=len(rows),
        failures=failures,
        error_rate=failures / len(rows) if rows else 0.0,
        p50_ms=_percentile(took, 0.5),
        p95_ms=_percentile(took, 0.95),
    )


def _percentile(ordered: Sequence[float], share: float) -> float:
    return ordered[ceil(share * len(ordered)) - 1] if ordered else 0.0


def last_good(vendor: str) -> datetime | None:
    """When the vendor last answered well, or last told us something."""
    moments = VendorHealth.objects.filter(vendor=vendor).aggregate(good=Max("last_good_at"), heard=Max("heard_at"))
    return max(filter(None, moments.values()), default=None)


def recent_failures(vendor: str, limit: int = 20) -> list[Failure]:
    """The newest calls that failed, the newest first."""
    rows = Probe.objects.filter(vendor=vendor).exclude(code="").order_by("-at")[:limit]
    return [
        Failure(
            at=row.at,
            operation="probe",
            status=None,
            code=row.code,
            ms=row.ms,
            request_id=row.request_id,
            words=row.words,
        )
        for row in rows
    ]


def quota(_vendor: str) -> str:
    """What is left of the vendor's limit, in words; empty when it has not said."""
    return ""


def account(vendor: str) -> Sequence[tuple[str, str]]:
    """What the vendor says of our account there, as (label, value); nothing when it does not say."""
    try:
        return account_of(vendor).rows
    except IntegrationError:
        return ()


def observe(vendor: str, now: datetime, *, paused: bool) -> Observation:
    """Everything that decides the vendor's state, as it is now."""
    provider = all_providers()[vendor]
    row = VendorHealth.objects.filter(vendor=vendor).first() or VendorHealth(vendor=vendor)
    circuit, traffic = look(vendor), figures(vendor, _minutes_since_down(vendor, now), now)
    return Observation(
        paused=paused,
        contacted=bool(traffic.calls or row.last_good_at or row.heard_at or row.failures),
        failures=row.failures,
        code=row.code,
        circuit=_closed_to_us(circuit),
        trying=circuit.state == "half_open" and circuit.mode == "auto",
        calls=traffic.calls,
        failed=traffic.failures,
        p50_ms=traffic.p50_ms,
        p95_ms=traffic.p95_ms,
        slow_ms=_slow_ms(provider),
        late=Incident.objects.filter(vendor=vendor, kind=Incident.Kind.LATE, closed_at=None).exists(),
    )


def _minutes_since_down(vendor: str, now: datetime) -> int:
    """The minutes to judge by: an outage that is over must not make the vendor look degraded for five minutes more."""
    newest = Incident.objects.filter(vendor=vendor, kind=Incident.Kind.DOWN).order_by("-opened_at").first()
    if newest is None:
        return JUDGED
    return min(JUDGED, int((now - newest.closed_at).total_seconds() // 60)) if newest.closed_at else 0


def _closed_to_us(circuit: Look) -> str:
    """Why calls are refused here; empty when they are not. Only these two modes refuse any."""
    if circuit.mode == "open":
        return "held_open"
    return "circuit_open" if circuit.state == "open" and circuit.mode == "auto" else ""


def _slow_ms(provider: Provider) -> float:
    policy = provider.policy
    return 1000 * (policy.breaker.slow or policy.attempt / 2)
