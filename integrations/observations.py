"""What is known of a vendor right now, wherever it is kept: the one door to circuit, figures, quota and account."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Max

from integrations import figures
from integrations.account import account_of
from integrations.causes import span
from integrations.contract import Provider
from integrations.errors import IntegrationError
from integrations.http import quota as quotas
from integrations.http.state import state_of
from integrations.http.states import Look, Mode
from integrations.models import Incident, State, VendorHealth
from integrations.registry import all_providers
from integrations.states import Observation

USED = (State.UP, State.LATE, State.DEGRADED, State.DOWN)
JUDGED = 5  # minutes of traffic that decide a state: long enough for a rate, short enough to notice the end


def look(vendor: str) -> Look:
    """The vendor's circuit now."""
    return state_of(vendor).look()


def order(vendor: str, mode: str) -> None:
    """Force the vendor's circuit into `mode`, everywhere."""
    state_of(vendor).order(Mode(mode))


def last_good(vendor: str) -> datetime | None:
    """When the vendor last answered well, or last told us something."""
    moments = VendorHealth.objects.filter(vendor=vendor).aggregate(good=Max("last_good_at"), heard=Max("heard_at"))
    return max(filter(None, [*moments.values(), figures.last_good(vendor)]), default=None)


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
    circuit, traffic = look(vendor), figures.figures(vendor, _minutes_since(outage, now), now)
    return Observation(
        paused=paused,
        contacted=_contacted(row, traffic.calls),
        failures=row.failures,
        code=row.code,
        refused=_refused(vendor, outage, row.last_good_at, now),
        circuit=_closed_to_us(circuit),
        trying=circuit.state == "half_open" and circuit.mode == "auto",
        calls=traffic.calls,
        failed=traffic.failures,
        p50_ms=traffic.p50_ms or 0.0,
        p95_ms=traffic.p95_ms or 0.0,
        slow_ms=_slow_ms(provider),
        late=Incident.objects.filter(vendor=vendor, kind=Incident.Kind.LATE, closed_at=None).exists(),
    )


def _contacted(row: VendorHealth, calls: int) -> bool:
    """Whether there was ever anything between the vendor and us; one that was once in use is not new again."""
    return bool(calls or row.last_good_at or row.heard_at or row.failures) or row.state in USED


def _minutes_since(outage: Incident | None, now: datetime) -> int:
    """The minutes to judge by: an outage that is over must not make the vendor look degraded for five minutes more."""
    if outage is None:
        return JUDGED
    return min(JUDGED, int((now - outage.closed_at).total_seconds() // 60)) if outage.closed_at else 0


def _refused(vendor: str, outage: Incident | None, good: datetime | None, now: datetime) -> str:
    """How traffic is refused. While the outage lasts it counts from the start: silence is no sign that it is over."""
    began = outage.opened_at if outage and not outage.closed_at else now
    since = began - timedelta(minutes=JUDGED)
    return figures.refused(vendor, max(since, good) if good else since)


def _closed_to_us(circuit: Look) -> str:
    """Why calls are refused here; empty when they are not. Only these two modes refuse any."""
    if circuit.mode == "open":
        return "held_open"
    return "circuit_open" if circuit.state == "open" and circuit.mode == "auto" else ""


def _slow_ms(provider: Provider) -> float:
    policy = provider.policy
    return 1000 * (policy.breaker.slow or policy.attempt / 2)
