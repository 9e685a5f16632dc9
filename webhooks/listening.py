"""Who has spoken, kept as one bit a minute, and who has been silent for longer than is usual."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max
from django.db.models.functions import TruncMinute

from integrations.causes import Words, span, words
from integrations.control import paused
from integrations.health import heard, judge, watched
from integrations.incidents import settle
from integrations.models import Incident
from integrations.registry import all_providers
from webhooks.models import ArrivalHour, Delivery
from webhooks.rhythm import Rhythm, learn

REMEMBERED = timedelta(weeks=5)
# A delivery is committed a little after the moment it carries: that long we look back.
OVERLAP = timedelta(minutes=2)


def listen(now: datetime) -> int:
    """Note what has arrived, and open or close each source's incident; returns how many sources are late."""
    note_arrivals(now)
    return sum(_judge(source, now) for source in watched() if all_providers()[source].receives)


def note_arrivals(now: datetime) -> None:
    """Take over what arrived since the last time. It costs what is new, not what is kept."""
    since = _noted_until(now)
    found: dict[tuple[str, datetime], int] = defaultdict(int)
    for source, minute in (
        Delivery.objects.filter(received_at__gte=since, received_at__lte=now)
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


def arrivals(source: str) -> list[datetime]:
    """The minutes in which the source spoke, ascending."""
    return [minute for row in ArrivalHour.objects.filter(source=source).order_by("hour") for minute in _minutes(row)]


def _minutes(row: ArrivalHour) -> Iterator[datetime]:
    return (row.hour + timedelta(minutes=minute) for minute in range(60) if row.minutes >> minute & 1)


def _judge(source: str, now: datetime) -> bool:
    spoken = arrivals(source)
    if not spoken:
        return False
    heard(source, spoken[-1])
    if paused(source):
        return False
    rhythm = learn(spoken)
    late = rhythm is not None and rhythm.is_late(now)
    settle(source, Incident.Kind.LATE, "late", _words(source, rhythm, now) if late and rhythm else None, now)
    judge(source, now)
    return late


def _words(source: str, rhythm: Rhythm, now: datetime) -> Words:
    return words(
        source,
        "late",
        silence=span((now - rhythm.last).total_seconds()),
        usual=span(rhythm.usual),
        webhook=f"{settings.PATCHBAY_URL}/webhooks/{source}",
    )
