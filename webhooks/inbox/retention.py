"""What has been kept long enough goes: contents once their day has passed, deliveries much later.

Anyone may run it at any time, and several at once: each step finds what is still to be done, and is small.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet

from webhooks.inbox import partitions
from webhooks.models import Contents, Delivery, Heartbeat, SourceRule
from webhooks.models.deliveries import NAMES
from webhooks.models.rules import usual_days

HEARTBEAT = "purge"
AHEAD = 7  # days: so long may the purge be silent before arrivals land in the default partition
PROLONGED = timedelta(days=7)
AT_ONCE = 500  # rows in one transaction
# Of a fact: what it was, and the ids that join it to what came of it. The rest may be about a person, and goes.
KEPT = frozenset({"fact", "source", *NAMES})
UNFINISHED = (Delivery.State.PENDING, Delivery.State.DEAD)


def purge(now: datetime) -> int:
    """Make partitions for the days to come and let go of what has expired; returns how many rows and days went."""
    today = now.astimezone(UTC).date()
    if partitions.in_use():
        partitions.make(days_to_come(today) | {day for day in partitions.strays() if day >= today})
    gone = sum(_let_go(day, today) for day in sorted(_expired(today))) + _forget(now, today)
    Heartbeat.objects.update_or_create(name=HEARTBEAT, defaults={"at": now})
    return gone


def days_to_come(today: date) -> set[date]:
    """The days on which what arrives within a week will expire, by the rules there are."""
    return {day for later in range(AHEAD + 1) for day in needed_today(today + timedelta(days=later))}


def needed_today(today: date) -> set[date]:
    """The days on which what arrives today will expire."""
    periods = {usual_days(), *SourceRule.objects.order_by().values_list("keep_days", flat=True)}
    return {today + timedelta(days=period) for period in periods}


def _expired(today: date) -> set[date]:
    if partitions.in_use():
        return {day for day in partitions.days() | partitions.strays() if day < today}
    return set(Contents.objects.filter(expires_on__lt=today).order_by().values_list("expires_on", flat=True).distinct())


def _let_go(day: date, today: date) -> int:
    """Let the contents of one day go, in one piece where they are one, but for those that are still needed."""
    whole = partitions.in_use() and day in partitions.days()
    gone = 0
    for keys in _keys(day):
        _part(day, keys, today)
        if not whole:
            gone += Contents.objects.filter(expires_on=day, delivery_id__in=keys).delete()[0]
    return int(partitions.drop(day)) if whole else gone


def _keys(day: date) -> Iterator[list[int]]:
    """The deliveries whose contents expire on the day, in portions."""
    last = 0
    while keys := list(
        Contents.objects.filter(expires_on=day, delivery_id__gt=last)
        .order_by("delivery_id")
        .values_list("delivery_id", flat=True)[:AT_ONCE]
    ):
        yield keys
        last = keys[-1]


def _part(day: date, keys: list[int], today: date) -> None:
    """What is not finished keeps its contents for another week; the facts of the rest keep what names them alone."""
    rows = Delivery.objects.filter(pk__in=keys, expires_on=day)
    _prolong(day, list(rows.filter(state__in=UNFINISHED).values_list("pk", flat=True)), today + PROLONGED)
    _strip(rows.exclude(state__in=UNFINISHED).exclude(facts=[]))


@transaction.atomic
def _prolong(day: date, keys: list[int], until: date) -> None:
    # The delivery first: whoever else is at it waits here, and then finds nothing left to do.
    Delivery.objects.filter(pk__in=keys, expires_on=day).update(expires_on=until)
    Contents.objects.filter(expires_on=day, delivery_id__in=keys).update(expires_on=until)


def hold(rows: Sequence[Delivery], now: datetime) -> set[int]:
    """Have what these came with outlive their being processed again; returns the keys of those that still have it.

    In the transaction in which they become unfinished, which has locked them. A day that is about to go may have been
    looked through by a purge already, and is then dropped as it is: nothing of these may be left in it.
    """
    today = now.astimezone(UTC).date()
    near = {row.pk: row.expires_on for row in rows if row.expires_on <= today + timedelta(days=1)}
    until = today + PROLONGED
    Contents.objects.filter(expires_on__in=set(near.values()), delivery_id__in=list(near)).update(expires_on=until)
    moved = set(
        Contents.objects.filter(expires_on=until, delivery_id__in=list(near)).values_list("delivery_id", flat=True)
    )
    Delivery.objects.filter(pk__in=moved).update(expires_on=until)
    return {row.pk for row in rows if row.pk not in near} | moved


def _strip(rows: Iterable[Delivery]) -> None:
    talkative = [row for row in rows if any(fact.keys() - KEPT for fact in row.facts)]
    for row in talkative:
        row.facts = [{name: value for name, value in fact.items() if name in KEPT} for fact in row.facts]
    Delivery.objects.bulk_update(talkative, ["facts"])


def _forget(now: datetime, today: date) -> int:
    """Delete deliveries that came too long ago to come again, and are finished."""
    old = Delivery.objects.filter(
        received_at__lt=now - timedelta(days=settings.PATCHBAY_REMEMBER_DAYS), expires_on__lt=today
    ).exclude(state__in=UNFINISHED)
    gone = 0
    while taken := _delete_some(old):
        gone += taken
    return gone


@transaction.atomic
def _delete_some(rows: QuerySet[Delivery]) -> int:
    # Whoever else is at it has locked theirs: nobody waits for anybody.
    skip: dict[str, Any] = {"skip_locked": True} if connection.features.has_select_for_update_skip_locked else {}
    taken = rows.order_by("received_at").select_for_update(**skip).values_list("pk", flat=True)
    return Delivery.objects.filter(pk__in=list(taken[:AT_ONCE])).delete()[0]
