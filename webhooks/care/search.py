"""Finding deliveries, the newest first, without ever reading the whole table: what was not looked at is said."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet

from webhooks.care.conditions import Conditions, conditions_of
from webhooks.care.language import Query, Unreadable
from webhooks.care.texts import contains
from webhooks.inbox.contents import contents_of
from webhooks.models import Delivery

PAGE = 50
STRIDE = 100_000  # rows that one statement looks at where no index answers
CHUNK = 100  # bodies in memory at once: each may have 1 MiB
PATIENCE = 1.5  # seconds for one search
MOST_BODIES = 5_000
STATEMENT_MS = 5_000


class TooSlow(Unreadable):
    """The database was stopped before it had an answer."""


@dataclass
class Budget:
    """What one search may cost. `bodies` and `seconds` are used up; `stopped` is where it went no further."""

    seconds: float = PATIENCE
    bodies: int = MOST_BODIES
    clock: Callable[[], float] = time.monotonic
    stopped: int | None = None
    looked: int = 0
    _until: float = field(init=False)

    def __post_init__(self) -> None:
        self._until = self.clock() + self.seconds

    def spent(self) -> bool:
        return self.bodies <= 0 or self.clock() >= self._until


@dataclass(frozen=True)
class Found:
    """One page. `before` continues it; `back_to` is set when the search ended early, `looked` is what it looked at."""

    rows: list[Delivery]
    before: int | None = None
    back_to: datetime | None = None
    looked: int = 0

    @property
    def until(self) -> str:
        """How far it got, in words; empty when there was nothing more to look at, or the page is full."""
        if self.back_to is None:
            return ""
        return f"Searched {self.looked:,} deliveries back to {self.back_to:%d %b %Y %H:%M:%S} UTC"


def find(query: Query, before: int | None = None, limit: int = PAGE, budget: Budget | None = None) -> Found:
    """The newest `limit` deliveries before the one of number `before`. `TooSlow` when the database was stopped."""
    spending = budget or Budget()
    rows: list[Delivery] = []
    with stopped_in_time():
        for delivery in walk(query, before, spending):
            rows.append(delivery)
            if len(rows) > limit:
                return Found(rows[:limit], rows[limit - 1].pk, looked=spending.looked)
        if spending.stopped is None:
            return Found(rows, looked=spending.looked)
        back_to = Delivery.objects.filter(pk__gt=spending.stopped).order_by("pk").values_list("received_at", flat=True)
        return Found(rows, spending.stopped + 1, back_to.first(), spending.looked)


def walk(
    query: Query, before: int | None, budget: Budget, *, chunk: int = PAGE + 1, above: int = 0
) -> Iterator[Delivery]:
    """Every delivery that fits, the newest first, until the budget is spent; at least one stride is always made.

    `chunk` is how many are read at once, and none whose number is `above` or below is looked at.
    """
    conditions = conditions_of(query)
    floor = max(conditions.floor, above)
    top = min(conditions.ceiling, before - 1) if before is not None else conditions.ceiling
    size = CHUNK if query.text else chunk
    while top > floor:
        low = floor if conditions.indexed else max(top - STRIDE, floor)
        rows = list(_between(conditions, low, top)[:size])
        reached = rows[-1].pk - 1 if len(rows) == size else low
        yield from _with_text(rows, query.text, budget)
        budget.looked += len(rows) if query.text else top - reached
        top = reached
        if budget.spent() and top > floor:
            budget.stopped = top
            return


def matches(query: Query, deliveries: list[Delivery]) -> list[Delivery]:
    """Those of these deliveries that fit the query."""
    conditions = conditions_of(query)
    rows = Delivery.objects.filter(conditions.where, pk__in=[delivery.pk for delivery in deliveries]).order_by("pk")
    return list(_with_text(list(rows), query.text, Budget()))


def _between(conditions: Conditions, low: int, top: int) -> QuerySet[Delivery]:
    return Delivery.objects.filter(conditions.where, pk__gt=low, pk__lte=top).order_by("-pk")


def _with_text(rows: list[Delivery], texts: tuple[str, ...], budget: Budget) -> Iterator[Delivery]:
    if not texts:
        yield from rows
        return
    budget.bodies -= len(rows)
    contents = contents_of(rows)
    for row in rows:
        if (content := contents.get(row.pk)) and all(contains(content.body, text) for text in texts):
            yield row


@contextmanager
def stopped_in_time(milliseconds: int = STATEMENT_MS) -> Iterator[None]:
    """On PostgreSQL a statement that takes longer is ended by the database; `TooSlow` tells so."""
    if connection.vendor != "postgresql":
        yield
        return
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(milliseconds)])
            yield
    except OperationalError as error:
        if "statement timeout" not in str(error):
            raise
        raise TooSlow("The database took too long for this. Narrow it: by time, by source, or by an id.") from error
