"""Who has spoken, kept as one bit a minute, and who has been silent for longer than is usual."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef, QuerySet
from django.db.models.functions import TruncMinute

from integrations.causes import Words, name_of, span, words
from integrations.control import paused
from integrations.health import heard, judge, watched
from integrations.incidents import dismiss, settle
from integrations.models import Incident
from integrations.registry import all_providers
from webhooks.models import ArrivalHour, Delivery, Gap, Source
from webhooks.watch.rhythm import SHORTEST, Rhythm, learn

REMEMBERED = timedelta(weeks=5)
# A delivery is committed a little after the moment it carries: that long we look back.
OVERLAP = timedelta(minutes=2)

# What we had to fetch is no sign that the source speaks.
_FETCHED = Exists(Gap.objects.filter(delivery_id=OuterRef("pk")))


def listen(now: datetime) -> int:
    """Note what has arrived, and open or close each source's incident; returns how many sources are late."""
    note_arrivals(now)
    _let_go(now)
    late = sum(_judge(source, now) for source in watched() if all_providers()[source].receives)
    return late + sum(_judge_custom(source, now) for source in Source.objects.filter(paused=False))


def note_arrivals(now: datetime) -> None:
    """Take over what arrived since the last time. It costs what is new, not what is kept."""
    since = _noted_until(now)
    found: dict[tuple[str, datetime], int] = defaultdict(int)
    for source, minute in (
        Delivery.objects.filter(~_FETCHED, received_at__gte=since, received_at__lte=now)
        .annotate(minute=TruncMinute("received_at"))
        .values_list("source", "minute")
        .distinct()
        .order_by()
    ):
        found[source, minute.replace(minute=0)] |= 1 << minute.minute
    for (source, hour), minutes in found.items():
        _add(source, hour, minutes)
    ArrivalHour.objects.filter(hour__lt=now - REMEMBERED).delete()


def _noted_until(now: datetime) -> datetime:
    newest = ArrivalHour.objects.aggregate(newest=Max("hour"))["newest"]
    if newest is None:
        return now - REMEMBERED
    last = max(max(_minutes(row)) for row in ArrivalHour.objects.filter(hour=newest))
    return last - OVERLAP


@transaction.atomic
def _add(source: str, hour: datetime, minutes: int) -> None:
    row, _ = ArrivalHour.objects.get_or_create(source=source, hour=hour, defaults={"minutes": 0})
    ArrivalHour.objects.filter(pk=row.pk).update(minutes=F("minutes").bitor(minutes))


def last_arrival(source: str) -> datetime | None:
    """The last minute in which the source spoke."""
    row = ArrivalHour.objects.filter(source=source).order_by("-hour").first()
    return max(_minutes(row)) if row else None


def arrivals(source: str) -> list[datetime]:
    """The minutes in which the source spoke, ascending."""
    return [minute for row in ArrivalHour.objects.filter(source=source).order_by("hour") for minute in _minutes(row)]


def _minutes(row: ArrivalHour) -> Iterator[datetime]:
    return (row.hour + timedelta(minutes=minute) for minute in range(60) if row.minutes >> minute & 1)


def _judge(source: str, now: datetime) -> bool:
    last = last_arrival(source)
    if last is None:
        return False
    heard(source, last)
    if paused(source):
        return False
    late = _settle(source, name_of(source), last, now)
    judge(source, now)
    return late


def _judge_custom(source: Source, now: datetime) -> bool:
    """Nothing but its silence tells how its sender is.

    What staff change of the source, its pause too, may explain a silence that nobody was told of: it begins anew.
    """
    last = last_arrival(source.slug)
    if last is None:
        return False
    told = _open().filter(vendor=source.slug).exists()
    return _settle(source.slug, source.name, last if told else max(last, source.changed_at), now)


def _settle(source: str, name: str, since: datetime, now: datetime) -> bool:
    # Five weeks are read of a source that is silent, and nothing of one that has just spoken.
    learned = learn(arrivals(source)) if now - since > SHORTEST else None
    rhythm = learned and replace(learned, last=since)
    late = rhythm is not None and rhythm.is_late(now)
    settle(source, Incident.Kind.LATE, "late", _words(source, name, rhythm, now) if late and rhythm else None, now)
    return late


def _let_go(now: datetime) -> None:
    """Close the incidents of custom sources that are no more: that nobody hears of them again is no recovery."""
    kept = Source.objects.values_list("slug", flat=True)
    dismiss(
        Incident.objects.filter(kind=Incident.Kind.LATE).exclude(vendor__in=[*all_providers(), *kept]), "deleted", now
    )


def _open() -> QuerySet[Incident]:
    return Incident.objects.filter(kind=Incident.Kind.LATE, closed_at=None)


def _words(source: str, name: str, rhythm: Rhythm, now: datetime) -> Words:
    return words(
        source,
        "late",
        name=name,
        silence=span((now - rhythm.last).total_seconds()),
        usual=span(rhythm.usual),
        webhook=f"{settings.PATCHBAY_URL}/webhooks/{source}",
    )
