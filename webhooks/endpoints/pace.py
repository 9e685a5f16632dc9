"""How fast an endpoint is sent to: in no second more than its `rate`, whoever takes its messages.

Who has taken some pays by a pause, kept in the endpoint's row and advanced in the transaction of the taking: all
processes and hosts share it and need nothing but the database. What was not used is not saved up.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from math import ceil

from django.db import connection
from django.db.models import Min, Q, QuerySet

from webhooks.models import Endpoint

PARTS = 20  # of a fast one's second: at a time it gets so small a part of its rate
# No pause is longer than a second, and clocks differ by less than the rest: what ends later, a wrong one has set.
FARTHEST = timedelta(minutes=1)


def most(endpoint: Endpoint) -> int | None:
    """How many messages it gets at a time; None for as many as there are."""
    return _at_once(endpoint.rate) if endpoint.rate else None


def pause(rate: int, taken: int) -> timedelta:
    """For how long an endpoint gets nothing after so many.

    All takings of any second but the last have been paid for within it, and are fewer than what is divided by here; the
    last adds what is given at a time: together they are no more than the rate.
    """
    return timedelta(microseconds=ceil(taken * 1_000_000 / (rate - _at_once(rate) + 1)))


def _at_once(rate: int) -> int:
    return max(1, rate // PARTS)


def ready(now: datetime) -> Q:
    """The endpoints that do not rest."""
    return Q(rate=None) | Q(next_at=None) | ~_resting(now)


def rests(endpoint: Endpoint, now: datetime) -> bool:
    """Whether nothing is sent to it yet, by its rate."""
    return bool(endpoint.rate and endpoint.next_at and now < endpoint.next_at <= now + FARTHEST)


def neglected(now: datetime, patience: timedelta) -> Q:
    """The endpoints for which nobody has taken anything for so long, by their rate at least."""
    return Q(rate=None) | Q(next_at=None) | ~Q(next_at__gte=now - patience, next_at__lte=now + FARTHEST)


def _resting(now: datetime) -> Q:
    return Q(next_at__gt=now, next_at__lte=now + FARTHEST)


def hold(shares: Iterable[tuple[Endpoint, int]]) -> list[tuple[Endpoint, int]]:
    """Of endpoints and how many messages each may have: those that nobody else holds, with what they get at a time.

    Those with a rate are locked and read anew, before anything else of the transaction and in order, as recorders do.
    Where somebody else has one locked, its messages are his to take.
    """
    shares = list(shares)
    rated = Endpoint.objects.filter(pk__in=[one.pk for one, _ in shares if one.rate]).defer("events")
    skip = connection.features.has_select_for_update_skip_locked
    fresh = {one.pk: one for one in rated.order_by("pk").select_for_update(no_key=True, skip_locked=skip)}
    held = ((fresh.get(one.pk, one), room) for one, room in shares if not one.rate or one.pk in fresh)
    return [(one, min(room, most(one) or room)) for one, room in held]


def pay(endpoint: Endpoint, taken: int, now: datetime) -> None:
    """Have an endpoint that is held rest after so many were taken."""
    if taken and endpoint.rate:
        Endpoint.objects.filter(pk=endpoint.pk).update(next_at=now + pause(endpoint.rate, taken))


def next_ready(waiting: QuerySet[Endpoint], now: datetime) -> datetime | None:
    """When the first of those that wait and rest at `now` is ready; None where none rests."""
    resting = waiting.filter(_resting(now), rate__isnull=False)
    first: datetime | None = resting.aggregate(at=Min("next_at"))["at"]
    return first
