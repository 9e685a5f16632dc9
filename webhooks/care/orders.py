"""What staff order of deliveries: process them again, or set them aside; each with a reason, and written down."""

from collections.abc import Sequence
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from webhooks.care.audit import Kind, Person, note, reasoned, touch
from webhooks.care.choice import ASK_ABOVE, Choice, free, plan
from webhooks.inbox.retention import hold
from webhooks.models import Delivery, Intervention
from webhooks.processing.order import call_next
from webhooks.tasks import wake_drain

log = structlog.get_logger("care")

State = Delivery.State
AT_ONCE = 500  # rows in one transaction: the door and the worker are not kept waiting for them


class NeedsYes(ValueError):
    """It is about so many that somebody has to say yes to the number. `count` is the number."""

    def __init__(self, count: int) -> None:
        super().__init__(f"This is about {count:,} deliveries: more than {ASK_ABOVE:,} need a yes.")
        self.count = count


def replay(choice: Choice, person: Person, reason: str, *, yes: bool = False) -> Intervention:
    """Process these deliveries anew, except those that are being processed or are no longer kept.

    The row that is returned has the number of those that are. `NoReason` without one, `NeedsYes` above 1,000.
    """
    changes = {"state": State.PENDING, "attempts": 0, "handled_at": None, "error": ""}
    return _carry_out(Kind.REPLAY, choice, person, reason, changes, yes=yes)


def set_aside(choice: Choice, person: Person, reason: str, *, yes: bool = False) -> Intervention:
    """Make these deliveries dead by hand, as far as they wait for another try; a replay brings them back.

    What waited behind them about the same object has its turn now.
    """
    changes = {"state": State.DEAD, "error": f"Set aside by {person.who}: {reasoned(reason)}"}
    return _carry_out(Kind.SET_ASIDE, choice, person, reason, changes, yes=yes)


def _carry_out(
    kind: Kind, choice: Choice, person: Person, reason: str, changes: dict[str, Any], *, yes: bool
) -> Intervention:
    why = reasoned(reason)
    chosen = plan(kind, choice, timezone.now())
    if chosen.needs_yes and not yes:
        raise NeedsYes(len(chosen.able))
    row = note(kind, person, query=choice.written, reason=why)
    able = sorted(chosen.able)  # what came first is first to be pending: the order of an object holds across the steps
    for start in range(0, len(able), AT_ONCE):
        held = _change(row, able[start : start + AT_ONCE], changes)
        row.count += len(held)
        if kind == Kind.SET_ASIDE:
            call_next(held)
    wake_drain()
    log.warning("intervention.done", id=row.pk, kind=kind, deliveries=row.count)
    return row


@transaction.atomic
def _change(row: Intervention, keys: Sequence[int], changes: dict[str, Any]) -> list[Delivery]:
    """Change those that still may be changed, and say so beside them; in the order of their numbers, as others do."""
    now = timezone.now()
    rows = Delivery.objects.filter(free(Kind(row.kind), now), pk__in=keys)
    held = list(rows.select_for_update().order_by("pk").only("object_key", "expires_on"))
    if row.kind == Kind.REPLAY:
        kept = hold(held, now)
        held = [one for one in held if one.pk in kept]
    taken = [one.pk for one in held]
    moment = {"due_at": now} if row.kind == Kind.REPLAY else {"handled_at": now}
    Delivery.objects.filter(pk__in=taken).update(**changes, **moment)
    touch(row, taken)
    Intervention.objects.filter(pk=row.pk).update(count=row.count + len(held))
    return held
