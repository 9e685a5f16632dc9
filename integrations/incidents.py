"""Incidents: opened once however many see it, closed once, and told to staff when it helps and not more often.

Telling is a matter of its own. It is held back in quiet hours, but for what cannot wait (a payment vendor that is
down, our own worker being silent). What flaps does not ring each time, and the last word is never a wrong "well again":
a relapse is told unless staff still believe in the outage before it, and the end of a relapse only once it has lasted
for `HOLD`. What was held back is told by the next `announce` if it is still so.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from integrations.causes import OURS, Words, name_of
from integrations.causes import words as words_of
from integrations.control import paused
from integrations.models import Incident
from integrations.ports import PaymentGateway
from integrations.registry import all_providers

log = structlog.get_logger("health")

HOLD = timedelta(minutes=15)
LATER = " Later: "
MOST_CAUSES = 4


@dataclass(frozen=True)
class Announcement:
    """What staff are told: an incident that began, or one that is over."""

    name: str
    incident: Incident


Listener = Callable[[Announcement], object]
_listeners: list[Listener] = []


def listen(listener: Listener) -> Listener:
    """Have `listener` called with each announcement, in the transaction that notes it as told."""
    _listeners.append(listener)
    return listener


def settle(vendor: str, kind: str, code: str, words: Words | None, now: datetime) -> None:
    """Open this incident or renew its words; with no `words`, close it. Whoever comes second changes nothing."""
    if words is None:
        _close(vendor, kind, now)
    else:
        _open(vendor, kind, code, words, now)


@transaction.atomic
def _open(vendor: str, kind: str, code: str, words: Words, now: datetime) -> None:
    first = {"code": code, "cause": words.cause, "remedy": words.remedy, "opened_at": now}
    # The constraint decides between two that race; the loser finds the winner's row.
    incident, opened = Incident.objects.get_or_create(vendor=vendor, kind=kind, closed_at=None, defaults=first)
    if opened:
        log.warning("incident.opened", vendor=vendor, kind=kind, code=code, cause=words.cause)
        _tell_start(incident, now)
        return
    said = {"cause": _history(incident, code, words.cause), "remedy": words.remedy}
    if said != {"cause": incident.cause, "remedy": incident.remedy}:
        Incident.objects.filter(pk=incident.pk, closed_at=None).update(**said)


def _history(incident: Incident, code: str, cause: str) -> str:
    """The incident's causes in words: what began it stays the first, and each other is added once."""
    first, *later = incident.cause.split(LATER)
    if code == incident.code:
        first = cause  # the same, in newer figures
    elif cause not in (first, *later) and len(later) + 1 < MOST_CAUSES:
        later.append(cause)
    return LATER.join([first, *later])


@transaction.atomic
def _close(vendor: str, kind: str, now: datetime) -> None:
    for incident in Incident.objects.filter(vendor=vendor, kind=kind, closed_at=None):
        if Incident.objects.filter(pk=incident.pk, closed_at=None).update(closed_at=now):
            log.info("incident.closed", vendor=vendor, kind=kind)
            incident.refresh_from_db()
            _tell_end(incident, now)


def let_go(watched: Collection[str], now: datetime) -> None:
    """Close what is open of vendors that are watched no more. No end is told: whether they are well, nobody knows.

    That a source of staff's own is late is left to whoever listens to it: it is no vendor, and was never configured.
    """
    own = Q(kind=Incident.Kind.LATE) & ~Q(vendor__in=[*all_providers()])
    dismiss(Incident.objects.exclude(vendor__in=[OURS, *watched]).exclude(own), "unconfigured", now)


@transaction.atomic
def dismiss(gone: QuerySet[Incident], code: str, now: datetime) -> None:
    """Close those of these that are open, with `code` as their last cause; what was not told of their ends never is."""
    for incident in gone.filter(closed_at=None):
        said = words_of(incident.vendor, code)
        ours = Incident.objects.filter(pk=incident.pk, closed_at=None)
        if ours.update(closed_at=now, cause=LATER.join([incident.cause, said.cause]), remedy=said.remedy):
            log.info("incident.let_go", vendor=incident.vendor, kind=incident.kind)
    gone.filter(told_at__isnull=False, end_told_at=None).update(end_told_at=now)


def announce(now: datetime) -> int:
    """Tell what was held back and is due now; returns how many were told."""
    started = Incident.objects.filter(closed_at=None, told_at=None)
    ended = Incident.objects.filter(closed_at__isnull=False, told_at__isnull=False, end_told_at=None)
    told = 0
    for tell, rows in ((_tell_start, started), (_tell_end, ended)):
        for incident in rows:
            with transaction.atomic():
                told += tell(incident, now)
    return told


def _tell_start(incident: Incident, now: datetime) -> bool:
    """Not told while staff still believe in the outage just before this one: to them it has not ended."""
    believed = _same(incident).filter(told_at__isnull=False, end_told_at=None, closed_at__gt=incident.opened_at - HOLD)
    if not may_ring(incident, now) or believed.exists():
        return False
    ours = Incident.objects.filter(pk=incident.pk, told_at=None)
    return bool(ours.update(told_at=now)) and _tell("integration.degraded", incident)


def _tell_end(incident: Incident, now: datetime) -> bool:
    """The end is told to whoever was told of the start, and to nobody else; with it, that of all before it."""
    ended = _well_since(incident, now)
    if ended is None or not may_ring(incident, now):
        return False
    waiting = _same(incident).filter(told_at__isnull=False, end_told_at=None, closed_at__isnull=False)
    told = waiting.order_by("opened_at").last()
    if told is None or not waiting.update(end_told_at=now):
        return False
    told.closed_at = ended  # for those who are told; the row keeps its own end
    return _tell("integration.recovered", told)


def _well_since(incident: Incident, now: datetime) -> datetime | None:
    """When the trouble ended; None while it has not, or has come back so soon before that it may come back again."""
    last = _same(incident).latest("opened_at", "pk")
    if last.closed_at is None:
        return None
    relapsed = _same(incident).exclude(pk=last.pk).filter(closed_at__gt=last.opened_at - HOLD).exists()
    return None if relapsed and last.closed_at > now - HOLD else last.closed_at


def _same(incident: Incident) -> QuerySet[Incident]:
    return Incident.objects.filter(vendor=incident.vendor, kind=incident.kind)


def _tell(name: str, incident: Incident) -> bool:
    for listener in _listeners:
        listener(Announcement(name, incident))
    return True


def may_ring(incident: Incident, now: datetime) -> bool:
    """Whether staff may be told of this now: not while it is paused, and at night only what cannot wait."""
    if incident.vendor != OURS and paused(incident.vendor):
        return False
    return _urgent(incident) or not is_quiet(now, settings.QUIET_HOURS)


def _urgent(incident: Incident) -> bool:
    if incident.kind == Incident.Kind.SILENT:
        return True
    provider = all_providers().get(incident.vendor)
    return incident.kind == Incident.Kind.DOWN and provider is not None and provider.offers(PaymentGateway)


def is_quiet(now: datetime, hours: str) -> bool:
    """Whether `now` (UTC) is in the quiet hours: `22-07` is from 22:00 to 07:00, empty is never."""
    if not hours:
        return False
    first, end = parse_hours(hours)
    return first <= now.hour < end if first <= end else now.hour >= first or now.hour < end


def parse_hours(hours: str) -> tuple[int, int]:
    """`22-07` as (22, 7). `ValueError` for anything that is not two hours of a day."""
    first, _, end = hours.partition("-")
    found = int(first), int(end)
    if not all(0 <= hour <= 24 for hour in found):
        raise ValueError(f"{hours!r} is not two hours of a day, such as 22-07")
    return found


def title(incident: Incident) -> str:
    """The incident as a headline."""
    return f"{name_of(incident.vendor)} {HEADLINES[Incident.Kind(incident.kind)]}"


HEADLINES = {
    Incident.Kind.DOWN: "is down",
    Incident.Kind.DEGRADED: "is degraded",
    Incident.Kind.LATE: "is late",
    Incident.Kind.SILENT: "has lost its worker",
    Incident.Kind.GAP: "has webhooks that are unaccounted for",
}
