"""Which deliveries are meant, and what doing something to them would come to: the dry run of everything."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from django.conf import settings
from django.db.models import Q

from webhooks.care.audit import Kind
from webhooks.care.language import Query
from webhooks.care.search import Budget, stopped_in_time, walk
from webhooks.inbox.contents import kept_among
from webhooks.models import Delivery

MOST = 10_000  # deliveries that one order may be about
ASK_ABOVE = 1_000
PATIENCE = 10.0  # seconds that choosing may take
MOST_BODIES = 20_000


@dataclass(frozen=True)
class Choice:
    """The deliveries an order is about: those picked by number, or those that fit a query."""

    query: Query = field(default_factory=Query)
    picked: tuple[int, ...] = ()

    @property
    def written(self) -> str:
        return "" if self.picked else self.query.written


@dataclass(frozen=True)
class Plan:
    """What an order would do: change those in `able`, counted in `groups` by source, type and state.

    `left` counts those it would leave alone, by the reason; `more` is set when there may be more than were looked at.
    """

    able: list[int]
    groups: list[tuple[tuple[str, str, str], int]]
    left: list[tuple[str, int]]
    more: bool = False

    @property
    def needs_yes(self) -> bool:
        return len(self.able) > ASK_ABOVE

    @property
    def words(self) -> str:
        """One sentence: how many, and how many not."""
        beyond = [f"at most {MOST:,} at once, so there may be more"] if self.more else []
        left = [f"{count:,} left alone: {why}" for why, count in self.left]
        return "; ".join([f"{len(self.able):,} deliver{'y' if len(self.able) == 1 else 'ies'}", *left, *beyond])

    def told(self) -> dict[str, object]:
        """The plan for programs."""
        groups = [dict(zip(("source", "kind", "state"), key, strict=True), count=count) for key, count in self.groups]
        left = [{"reason": why, "count": count} for why, count in self.left]
        return {"count": len(self.able), "groups": groups, "left_alone": left, "more": self.more}


def plan(kind: Kind, choice: Choice, now: datetime) -> Plan:
    """What an order about these deliveries would do at `now`. `TooSlow` when they cannot be found in time."""
    budget = Budget(seconds=PATIENCE, bodies=MOST_BODIES)
    able: list[int] = []
    groups: Counter[tuple[str, str, str]] = Counter()
    left: Counter[str] = Counter()
    with stopped_in_time():
        rows = list(islice(_chosen(choice, budget), MOST + 1))
        for batch in batched(rows[:MOST], 500):
            kept = kept_among(batch)
            for row in batch:
                if why := obstacle(kind, row, now, kept):
                    left[why] += 1
                else:
                    able.append(row.pk)
                    groups[row.source, row.kind, row.state] += 1
    return Plan(able, groups.most_common(), left.most_common(), len(rows) > MOST or budget.stopped is not None)


def _chosen(choice: Choice, budget: Budget) -> Iterator[Delivery]:
    if not choice.picked:
        return walk(choice.query, None, budget, chunk=500)
    return iter(Delivery.objects.filter(pk__in=choice.picked[:MOST]).order_by("-pk"))


def obstacle(kind: Kind, row: Delivery, now: datetime, kept: set[int]) -> str:
    """Why this order would leave the row alone; empty when it would not. `kept` are those with contents."""
    pending = row.state == Delivery.State.PENDING
    if pending and now < row.due_at <= now + _lease():
        return "being processed now, or due within a moment"
    if kind == Kind.SET_ASIDE:
        return "" if pending else "not waiting for a try"
    if pending and row.due_at <= now:
        return "waiting for its turn already"
    return "" if row.pk in kept else "what they came with is no longer kept"


def free(kind: Kind, now: datetime) -> Q:
    """The same for the database, which sees what has changed since: those that nobody has in hand."""
    pending = Q(state=Delivery.State.PENDING)
    waits = pending & Q(due_at__gt=now + _lease())
    return waits | (pending & Q(due_at__lte=now)) if kind == Kind.SET_ASIDE else waits | ~pending


def _lease() -> timedelta:
    return timedelta(seconds=settings.LEASE_SECONDS)


def batched(rows: Sequence[Delivery], size: int) -> Iterable[Sequence[Delivery]]:
    """The rows in groups of `size`."""
    return (rows[start : start + size] for start in range(0, len(rows), size))
