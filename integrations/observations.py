"""What is known of a vendor right now, wherever it is kept: the one door to circuit, figures, quota and account."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max

from integrations import figures as counted
from integrations.account import account_of
from integrations.causes import span
from integrations.contract import Provider
from integrations.errors import IntegrationError
from integrations.http import quota as quotas
from integrations.http.state import state_of
from integrations.http.states import Look, Mode
from integrations.models import Incident, VendorHealth
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
    if not minutes:
        return Figures(per_minute=(), calls=0, failures=0, error_rate=0.0, p50_ms=0.0, p95_ms=0.0)
    found = counted.figures(vendor, minutes, now)
    return Figures(
        per_minute=[(ok + failed, failed) for _, ok, failed in found.per_minute],
        calls=found.calls,
        failures=found.failures,
        error_rate=found.error_rate or 0.0,
        p50_ms=found.p50_ms or 0.0,
        p95_ms=found.p95_ms or 0.0,
    )


def last_good(vendor: str) -> datetime | None:
    """When the vendor last answered well, or last told us something."""
    moments = VendorHealth.objects.filter(vendor=vendor).aggregate(good=Max("last_good_at"), heard=Max("heard_at"))
    return max(filter(None, [*moments.values(), counted.last_good(vendor)]), default=None)


def recent_failures(vendor: str, limit: int = 20) -> list[Failure]:
    """The newest calls that failed, the newest first."""
    return [
        Failure(
            at=row.at,
            operation=row.operation,
            status=row.status,
            code=row.outcome,
            ms=row.latency_ms,
            request_id=row.request_id,
            words=row.excerpt,
        )
        for row in counted.recent_failures(vendor, limit)
    ]


def quota(vendor: str) -> str:
    """What is left of the vendor's limit, in words; empty when it has not said."""
    left = quotas.quota(vendor)
    if left is None:
        return ""
    of = f" of {left.limit}" if left.limit else ""
    return f"{left.remaining}{of}" + (f", renewed in {span(left.resets_in)}" if left.resets_in else "")


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
    outage = Incident.objects.filter(vendor=vendor, kind=Incident.Kind.DOWN).order_by("-opened_at").first()
    circuit, traffic = look(vendor), figures(vendor, _minutes_since(outage, now), now)
    return Observation(
        paused=paused,
        contacted=bool(traffic.calls or row.last_good_at or row.heard_at or row.failures),
        failures=row.failures,
        code=row.code,
        refused=_refused(vendor, outage, row.last_good_at, now),
        circuit=_closed_to_us(circuit),
        trying=circuit.state == "half_open" and circuit.mode == "auto",
        calls=traffic.calls,
        failed=traffic.failures,
        p50_ms=traffic.p50_ms,
        p95_ms=traffic.p95_ms,
        slow_ms=_slow_ms(provider),
        late=Incident.objects.filter(vendor=vendor, kind=Incident.Kind.LATE, closed_at=None).exists(),
    )


def _minutes_since(outage: Incident | None, now: datetime) -> int:
    """The minutes to judge by: an outage that is over must not make the vendor look degraded for five minutes more."""
    if outage is None:
        return JUDGED
    return min(JUDGED, int((now - outage.closed_at).total_seconds() // 60)) if outage.closed_at else 0


def _refused(vendor: str, outage: Incident | None, good: datetime | None, now: datetime) -> str:
    """How traffic is refused. While the outage lasts it counts from the start: silence is no sign that it is over."""
    began = outage.opened_at if outage and not outage.closed_at else now
    since = began - timedelta(minutes=JUDGED)
    return counted.refused(vendor, max(since, good) if good else since)


def _closed_to_us(circuit: Look) -> str:
    """Why calls are refused here; empty when they are not. Only these two modes refuse any."""
    if circuit.mode == "open":
        return "held_open"
    return "circuit_open" if circuit.state == "open" and circuit.mode == "auto" else ""


def _slow_ms(provider: Provider) -> float:
    policy = provider.policy
    return 1000 * (policy.breaker.slow or policy.attempt / 2)
