"""What everybody may know of the vendors: their state in plain words, their last day, and what was wrong."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Min

from integrations.causes import name_of, span
from integrations.health import watched
from integrations.models import Incident, State, VendorHealth
from integrations.ports import MailCarrier, PaymentGateway
from integrations.registry import all_providers

DAY = timedelta(hours=24)
SLOTS = 48
SERVICES: dict[str, type | None] = {"Payments": PaymentGateway, "Mail": MailCarrier, "Connected services": None}
UNKNOWN = "unknown"
UNWATCHED = (State.PAUSED, UNKNOWN)
WORDS = {
    State.NEW: ("Not used yet", ""),
    State.UP: ("Works", "good"),
    State.LATE: ("Works; its news comes later than usual", "warn"),
    State.DEGRADED: ("Slow, or some requests fail", "warn"),
    State.DOWN: ("Not available", "bad"),
    State.PAUSED: ("Not being watched at the moment", ""),
    UNKNOWN: ("Could not be checked lately", "warn"),
}
INCIDENTS = {
    Incident.Kind.DOWN: ("was not available", "is not available", "bad"),
    Incident.Kind.DEGRADED: ("was slow or failed at times", "is slow or fails at times", "warn"),
    Incident.Kind.LATE: ("sent its news late", "sends its news late", "warn"),
}
GRAVITY = {"": 0, "warn": 1, "bad": 2}


@dataclass(frozen=True)
class Slot:
    """Half an hour of the strip: where it stands, how it was (`good`, `warn`, `bad`, or empty: nothing is known)."""

    x: int
    tone: str


@dataclass(frozen=True)
class Told:
    """An incident for everybody: no cause of ours, only what it meant. `known`: whether it is over, and when."""

    sentence: str
    opened_at: datetime
    closed_at: datetime | None
    known: bool


@dataclass(frozen=True)
class Vendor:
    """One vendor as everybody sees it."""

    slug: str
    name: str
    state: str
    words: str
    tone: str
    since: datetime | None
    strip: list[Slot]
    summary: str
    incidents: list[Told] = field(default_factory=list)


@dataclass(frozen=True)
class Service:
    """What the shop needs, and the vendors that provide it."""

    name: str
    vendors: list[Vendor]


@dataclass(frozen=True)
class Status:
    """The whole page: its headline, and the services."""

    headline: str
    tone: str
    at: datetime
    services: list[Service]


def status_at(now: datetime) -> Status:
    """How the vendors are at `now`, by what was last noted."""
    rows = VendorHealth.objects.in_bulk()
    incidents = list(
        Incident.objects.filter(kind__in=INCIDENTS).exclude(closed_at__lt=now - DAY).order_by("-opened_at")
    )
    earliest = dict(Incident.objects.values_list("vendor").annotate(Min("opened_at")).order_by())
    vendors = {
        slug: _vendor(slug, rows.get(slug), earliest.get(slug), [one for one in incidents if one.vendor == slug], now)
        for slug in watched()
    }
    services = [Service(name, [vendors[slug] for slug in vendors if _service(slug) == name]) for name in SERVICES]
    services = [service for service in services if service.vendors]
    headline, tone = _headline(services)
    return Status(headline, tone, now, services)


def _service(slug: str) -> str:
    provider = all_providers()[slug]
    return next(name for name, port in SERVICES.items() if port is None or provider.offers(port))


def _headline(services: list[Service]) -> tuple[str, str]:
    every = [(service.name, vendor) for service in services for vendor in service.vendors]
    worst = max((GRAVITY[vendor.tone] for _, vendor in every if vendor.tone in GRAVITY), default=0)
    if not every:
        return "Nothing is connected", ""
    if not worst:
        return ("All well", "good") if any(vendor.tone == "good" for _, vendor in every) else ("Nothing known yet", "")
    tone = {1: "warn", 2: "bad"}[worst]
    touched = [name for name, vendor in every if vendor.tone == tone]
    names = " and ".join(dict.fromkeys(touched)).lower()
    return (f"Trouble with {names}" if tone == "bad" else f"Small trouble with {names}"), tone


def _vendor(
    slug: str, row: VendorHealth | None, first: datetime | None, incidents: list[Incident], now: datetime
) -> Vendor:
    state = _state(row, now)
    words, tone = WORDS[state]
    return Vendor(
        slug=slug,
        name=name_of(slug),
        state=state,
        words=words,
        tone=tone,
        since=_since(row, state),
        strip=_strip(_first_known(first, row, state), incidents, now, tone),
        summary=_summary(incidents, now, state),
        incidents=[_told(one, watched=state not in UNWATCHED) for one in incidents],
    )


def _state(row: VendorHealth | None, now: datetime) -> str:
    """The state last noted, unless that is so long ago that nobody knows."""
    if row is None or row.checked_at is None:
        return State.NEW
    return UNKNOWN if now - row.checked_at > timedelta(seconds=4 * settings.PROBE_SECONDS) else State(row.state)


def _since(row: VendorHealth | None, state: str) -> datetime | None:
    if row is None or state == State.NEW:
        return None
    return row.checked_at if state == UNKNOWN else row.since


def _first_known(first: datetime | None, row: VendorHealth | None, state: str) -> datetime | None:
    """Since when anything is known; `first` is the moment of the first incident."""
    # We began to watch it then, but of one that was never used that says nothing.
    watched_from = row.first_at if row and state != State.NEW else None
    known = [moment for moment in (first, watched_from) if moment]
    return min(known, default=None)


def _strip(first: datetime | None, incidents: list[Incident], now: datetime, tone: str) -> list[Slot]:
    """The last slot is at least as grave as the state now (`tone`), which may be without an incident."""
    length = DAY / SLOTS
    slots = []
    for number in range(SLOTS):
        begin = now - DAY + number * length
        slots.append(Slot(number * 4, _tone(begin, begin + length, first, incidents)))
    last = slots.pop()
    grave = GRAVITY.get(tone, 0) > GRAVITY.get(last.tone, 0)
    return [*slots, Slot(last.x, tone if grave else last.tone)]


def _tone(begin: datetime, end: datetime, first: datetime | None, incidents: list[Incident]) -> str:
    if first is None or end <= first:
        return ""
    tones = [
        INCIDENTS[Incident.Kind(one.kind)][2]
        for one in incidents
        if one.opened_at < end and (one.closed_at or end) > begin
    ]
    return max(tones, key=GRAVITY.__getitem__, default="good")


def _summary(incidents: list[Incident], now: datetime, state: str) -> str:
    """What the strip shows, for whoever cannot see it."""
    lost = sum((_length(one, now) for one in incidents if one.kind == Incident.Kind.DOWN), timedelta())
    if lost:
        return f"Not available for {span(lost.total_seconds())} of the last 24 hours"
    if state == State.NEW and not incidents:
        return "Nothing known yet"
    troubled = incidents or state == State.DOWN
    return "Some trouble in the last 24 hours" if troubled else "No trouble in the last 24 hours"


def _length(incident: Incident, now: datetime) -> timedelta:
    return (incident.closed_at or now) - max(incident.opened_at, now - DAY)


def _told(incident: Incident, *, watched: bool) -> Told:
    """What nobody watches may be over: of an incident that is open there only the last look is told."""
    was, is_now, _ = INCIDENTS[Incident.Kind(incident.kind)]
    known = watched or incident.closed_at is not None
    words = (was if incident.closed_at else is_now) if known else f"{was} when last looked at"
    return Told(f"{name_of(incident.vendor)} {words}", incident.opened_at, incident.closed_at, known)
