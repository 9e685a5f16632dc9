"""Who did what to which deliveries, and why: one row for each thing done, written with it."""

import getpass
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog
from django.db import transaction

from webhooks.models import Intervention, Touched

log = structlog.get_logger("care")

Kind = Intervention.Kind
Via = Intervention.Via


class NoReason(ValueError):
    """What changes deliveries needs a reason: the audit has to say why."""


@dataclass(frozen=True)
class Person:
    """Who does something, and from where; `pk` is None for somebody at the command line."""

    who: str
    via: Via
    pk: int | None = None


def at_command_line() -> Person:
    """Whoever is signed in to this machine."""
    try:
        return Person(getpass.getuser(), Via.COMMAND)
    except (OSError, KeyError):
        return Person("somebody", Via.COMMAND)


def reasoned(reason: str) -> str:
    """The reason as it is kept; `NoReason` for one that says nothing."""
    if not (kept := reason.strip().replace("\x00", "")[: Intervention.REASON]):
        raise NoReason("Say why: the next person will want to know.")
    return kept


@transaction.atomic
def note(
    kind: Kind, person: Person, *, query: str = "", reason: str = "", count: int = 0, deliveries: Sequence[int] = ()
) -> Intervention:
    """Write down one thing done, and to which deliveries where they are known; of a long reason its beginning."""
    reason = reason[: Intervention.REASON]
    row = Intervention.objects.create(
        kind=kind, via=person.via, who=person.who, by_id=person.pk, query=query, reason=reason, count=count
    )
    touch(row, deliveries)
    log.warning("intervention", id=row.pk, kind=kind, who=person.who, via=person.via, query=query, reason=reason)
    return row


def touch(row: Intervention, deliveries: Iterable[int]) -> None:
    """Note that the intervention was about these deliveries too."""
    Touched.objects.bulk_create([Touched(intervention=row, delivery_id=pk) for pk in deliveries], batch_size=500)


def about(delivery: int) -> list[Intervention]:
    """What was done to one delivery, the newest first."""
    return list(Intervention.objects.filter(touched__delivery_id=delivery).order_by("-pk").distinct()[:50])
