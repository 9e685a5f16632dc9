"""In order per object: what waits behind what. A delivery's turn comes when no earlier one of its object is pending.

Waiting ones are parked: they are due again when the one at the head may be, so that a long queue of one object is not
looked through for every delivery that is claimed. Whoever ends the head brings the next one back to its place.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.db.models import Case, F, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Greatest

from integrations.claims import forgettable, leased_until
from webhooks.models import Delivery


def blocked_by(delivery: Delivery) -> Delivery | None:
    """The pending delivery at the head of this one's object, when that is another; None when nothing is waited for."""
    if delivery.state != Delivery.State.PENDING or not delivery.object_key:
        return None
    ahead = _of_objects().filter(source=delivery.source, object_key=delivery.object_key, pk__lt=delivery.pk)
    return ahead.order_by("pk").first()


def take_heads(locked: Sequence[Delivery]) -> tuple[list[Delivery], list[Delivery]]:
    """Lease those whose turn has come, of rows that the caller has locked; returns them, and who waits behind another.

    This must be a statement of its own after the one that took the locks: it sees what was committed up to then, and
    whoever ends a head later has to wait for our locks before it can bring the next one back.
    """
    if not locked:
        return [], []
    until = leased_until()
    statement = _TAKE_HEADS.format(places=", ".join(["%s"] * len(locked)))
    with connection.cursor() as cursor:
        cursor.execute(statement, [connection.ops.adapt_datetimefield_value(until), *(row.pk for row in locked)])
        taken = {pk for (pk,) in cursor.fetchall()}
    heads = [row for row in locked if row.pk in taken]
    for row in heads:
        row.attempts, row.due_at = row.attempts + 1, until
    return heads, [row for row in locked if row.pk not in taken]


def park(waiting: Sequence[Delivery]) -> None:
    """Put off what waits until the one it waits behind may have ended.

    One that was tried before is looked at again after a lease: nobody can tell it from one that waits for its next try,
    so that `call_next` and `recall` leave it alone.
    """
    if waiting:
        rows, lease = Delivery.objects.filter(pk__in=[row.pk for row in waiting]), Value(leased_until())
        behind = Greatest(Subquery(_head().values("due_at")[:1]), lease)
        rows.update(due_at=Case(When(attempts=0, then=behind), default=lease))


def call_next(ended: Sequence[Delivery]) -> None:
    """Bring back what was parked directly behind these, whose end is committed.

    After the commit, not in it: whoever parked a delivery because they could not see the end yet holds a lock on it,
    and has to be waited for here. Who dies in between leaves the next one to `recall`.
    """
    keyed = [row.pk for row in ended if row.object_key]
    if keyed:
        following = _of_objects().filter(**_SAME, pk__gt=OuterRef("pk")).order_by("pk").values("pk")[:1]
        successors = Delivery.objects.filter(pk__in=keyed).values_list(Subquery(following), flat=True)
        if found := [pk for pk in successors if pk]:
            # One that has been claimed before is somebody's, or is waiting for its next try.
            parked = Delivery.objects.filter(pk__in=found, state=Delivery.State.PENDING, attempts=0)
            with forgettable():
                parked.update(due_at=F("received_at"))


def recall(now: datetime) -> int:
    """Bring back what is parked behind nothing, for whoever ended its head has died before `call_next`; how many."""
    parked = _of_objects().filter(attempts=0, due_at__gt=now)
    with forgettable():
        found = parked.annotate(head=Subquery(_head().values("pk")[:1])).filter(head__isnull=True)
        return found.update(due_at=F("received_at"))


# A subquery a row, and no join, in the very words of the index delivery_next_of_object, without which neither database
# takes it: a planner that has not heard of the backlog yet must not read it whole. Nor is it prepared: the plan that is
# best while the table is small would stay.
_TAKE_HEADS = """
UPDATE webhooks_delivery AS row SET due_at = %s, attempts = attempts + 1
WHERE row.id IN ({places}) AND (
    SELECT ahead.id FROM webhooks_delivery AS ahead
    WHERE ahead.state = 'pending' AND NOT (ahead.object_key = '') AND ahead.id < row.id
    AND ahead.source = row.source AND ahead.object_key = row.object_key
    ORDER BY ahead.id LIMIT 1
) IS NULL RETURNING id
"""
_SAME = {"source": OuterRef("source"), "object_key": OuterRef("object_key")}


def _of_objects() -> QuerySet[Delivery]:
    return Delivery.objects.filter(state=Delivery.State.PENDING).exclude(object_key="")


def _head() -> QuerySet[Delivery]:
    return _of_objects().filter(**_SAME, pk__lt=OuterRef("pk")).order_by("pk")
