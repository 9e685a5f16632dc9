"""Taking the messages that are due, so that no endpoint waits for another: each gets its share of what is free.

An endpoint has few messages under way at once, one that is failing only one, and all that are failing together at most
half of what there is; all of one owner have at most as many as that leaves free. However many hang, the others go on.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, QuerySet, Subquery

from webhooks.endpoints import pace
from webhooks.models import Endpoint, Message
from webhooks.tasks import wake_send

MARGIN = 2  # a lease is so many times as long as a try may take, and the lease of everything else on top


@dataclass(frozen=True)
class Busy:
    """How many messages are under way to one endpoint, whose it is, and whether it was failing when they were taken."""

    count: int
    failing: bool
    owner: int


def lease() -> timedelta:
    """How long a taken message is nobody else's: longer than any try takes."""
    return timedelta(seconds=MARGIN * settings.ENDPOINT_SECONDS + settings.LEASE_SECONDS)


def take(clock: Callable[[], datetime], free: int, busy: Mapping[int, Busy]) -> list[Message]:
    """At most `free` messages that are due, leased to the caller, with their endpoints, events and secrets.

    `busy` is what the caller has under way, by endpoint. The clock is read again once the locks are there: the wait for
    them is no part of a lease, nor of a pause.
    """
    shares = _shares(clock(), free, busy)
    if not shares:
        return []
    with transaction.atomic():
        held = pace.hold(shares)
        now = clock()
        chosen = [pk for endpoint, room in held for pk in _chosen(endpoint, now, room)]
        Message.objects.filter(pk__in=chosen).update(due_at=now + lease(), attempts=F("attempts") + 1)
        return _read(chosen)


def rest(looked: datetime, now: datetime) -> float:
    """Seconds until there is more to be taken, of what was due at the last look and waited for its rate alone."""
    first = pace.next_ready(_waiting(looked), looked)
    return max(0.0, (first - now).total_seconds()) if first else inf


def _chosen(endpoint: Endpoint, now: datetime, room: int) -> list[int]:
    if pace.rests(endpoint, now):
        return []
    found = _due(endpoint, now, room)
    pace.pay(endpoint, len(found), now)
    return found


def _read(chosen: Sequence[int]) -> list[Message]:
    rows = Message.objects.filter(pk__in=chosen).select_related("event", "endpoint").defer("endpoint__events")
    taken = rows.prefetch_related("endpoint__secrets").order_by("pk")
    try:
        return list(taken)
    except (ValueError, RecursionError):
        # One says what Python does not read. Which, is found out where each of them is packed by itself.
        return list(taken.defer("endpoint__events", "sample", "event__data"))


@transaction.atomic
def give_back(claims: Iterable[tuple[int, int]], now: datetime) -> None:
    """Make messages due again that were taken and not sent: by their ids, each with the claim it was taken under.

    Whoever else sends is told: the one who gives them back is about to end.
    """
    given = 0
    for pk, number in sorted(claims):  # in order, as recorders lock them
        given += Message.objects.filter(pk=pk, attempts=number, state=Message.State.WAITING).update(due_at=now)
    if given:
        transaction.on_commit(wake_send)


def _shares(now: datetime, free: int, busy: Mapping[int, Busy]) -> list[tuple[Endpoint, int]]:
    """The endpoints that have something due, and how many messages each may have: those with least under way first.

    Of equals chance decides, so that none is always the last where there are more endpoints than there is room.
    """
    under_way = Counter({pk: one.count for pk, one in busy.items()})
    owners = _by_owner(busy)
    failing = max(1, settings.ENDPOINT_SLOTS // 2) - sum(one.count for one in busy.values() if one.failing)
    waiting = sorted(_waiting(now).filter(pace.ready(now)).order_by("?"), key=lambda endpoint: under_way[endpoint.pk])
    each = max(1, free // max(1, len(waiting)))
    shares = []
    for endpoint in waiting:
        at_once = min(each, pace.most(endpoint) or each)
        room = min(_most(endpoint) - under_way[endpoint.pk], at_once, _left(owners[endpoint.owner_id], free))
        if endpoint.failing_since:
            room = min(room, failing)
            failing -= max(room, 0)
        if room > 0:
            shares.append((endpoint, room))
            owners[endpoint.owner_id] += room
            free -= room
    return shares


def _left(held: int, free: int) -> int:
    """How many more an owner may have who holds so many: one at a time, as long as more are free than he holds.

    A switch shares its buffer so ("dynamic thresholds"): alone he comes to half of all, one of k who would have
    everything to one part of k + 1, and as much stays free for whoever comes next, with nothing to be configured.
    """
    return (free - held + 1) // 2


def _by_owner(busy: Mapping[int, Busy]) -> Counter[int]:
    counts: Counter[int] = Counter()
    for one in busy.values():
        counts[one.owner] += one.count
    return counts


def _most(endpoint: Endpoint) -> int:
    return 1 if endpoint.ordered or endpoint.failing_since else int(settings.ENDPOINT_SLOTS_EACH)


def _waiting(now: datetime) -> QuerySet[Endpoint]:
    due = Message.objects.filter(endpoint=OuterRef("pk"), state=Message.State.WAITING, due_at__lte=now)
    return Endpoint.objects.filter(Exists(due), state=Endpoint.State.ENABLED).defer("events")


def _due(endpoint: Endpoint, now: datetime, room: int) -> list[int]:
    """The ids of the endpoint's messages that have been due longest, locked."""
    waiting = Message.objects.filter(endpoint=endpoint, state=Message.State.WAITING)
    rows = waiting.filter(due_at__lte=now)
    if endpoint.ordered:
        # One that is under way or waits for its next try is the first of them still, and not due.
        rows = rows.filter(pk=Subquery(waiting.order_by("pk").values("pk")[:1]))
    locked = rows.order_by("due_at", "pk").select_for_update(
        skip_locked=connection.features.has_select_for_update_skip_locked
    )
    return list(locked.values_list("pk", flat=True)[:room])
