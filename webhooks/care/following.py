"""Deliveries, failed calls and events as they come, one line each: what `manage.py tail` shows.

Numbers are given before commits, so a row may come to sight after one with a higher number: the last hundred are
looked at again each time, and what was told already is remembered.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from django.db.models import Model, QuerySet

from integrations.models import CallFailure
from webhooks.care.language import Query
from webhooks.care.search import matches
from webhooks.care.telling import narrow
from webhooks.models import Delivery, OutboxEvent

LATE = 100  # numbers that may still come to sight behind the newest
AT_ONCE = 1_000
MOST_OPEN = 1_000  # deliveries whose next state is waited for


@dataclass(frozen=True)
class Line:
    """One thing that happened. `ok` is None while it is open; `told` is the whole of it, for programs."""

    at: datetime
    what: str
    title: str
    state: str
    detail: str
    told: dict[str, Any]
    ok: bool | None = None


@dataclass
class Follower:
    """One table: what is new in it since the last look. `fits` picks those that the query asks for."""

    model: type[Model]
    fits: Callable[[Query, list[Any]], list[Any]]
    line: Callable[[Any], Line]
    newest: int = 0
    told: dict[int, str] = field(default_factory=dict)

    def begin(self, query: Query, back: int) -> Iterator[Line]:
        """The last `back` that fit, the oldest first; from here on only news."""
        rows = list(self._rows().order_by("-pk")[:AT_ONCE])
        self.newest = rows[0].pk if rows else 0
        self.told = {row.pk: self._state(row) for row in rows}
        fitting = sorted(self.fits(query, rows), key=lambda row: row.pk)
        yield from map(self.line, fitting[-back:] if back else [])

    def news(self, query: Query) -> Iterator[Line]:
        """What came since, and deliveries told of before whose state is another now."""
        fresh = [row for row in self._new() if self.told.get(row.pk) != self._state(row)]
        self.told |= {row.pk: self._state(row) for row in fresh}
        self.newest = max([self.newest, *(row.pk for row in fresh)])
        self._forget()
        yield from map(self.line, self.fits(query, fresh))

    def _new(self) -> list[Any]:
        waiting = [pk for pk, state in self.told.items() if state.startswith(Delivery.State.PENDING)]
        open_still = list(self._rows().filter(pk__in=waiting))
        # Asked for by themselves: however much waits, what is new is not behind it.
        fresh = self._rows().filter(pk__gt=self.newest - LATE).exclude(pk__in=waiting)
        return sorted([*open_still, *fresh.order_by("pk")[:AT_ONCE]], key=lambda row: row.pk)

    def _forget(self) -> None:
        """Old news is let go of, but for the newest of the deliveries that are still open."""
        waiting = [pk for pk, state in self.told.items() if state.startswith(Delivery.State.PENDING)]
        keep = set(sorted(waiting)[-MOST_OPEN:])
        self.told = {pk: state for pk, state in self.told.items() if pk > self.newest - 2 * LATE or pk in keep}

    def _rows(self) -> QuerySet[Any]:
        return self.model._default_manager.all()

    def _state(self, row: Any) -> str:
        return f"{row.state} {row.attempts if row.error else 0}" if isinstance(row, Delivery) else ""


def _calls(query: Query, rows: list[CallFailure]) -> list[CallFailure]:
    return [row for row in rows if _fits(query, row.at, source=row.vendor, request=row.request_id, type=row.operation)]


def _events(query: Query, rows: list[OutboxEvent]) -> list[OutboxEvent]:
    return [row for row in rows if _fits(query, row.at, type=row.name, object=row.about, request=row.request_id)]


def _fits(query: Query, at: datetime, **names: str) -> bool:
    """Whether what is no delivery fits; what a filter asks for and it does not have, it has not."""
    if query.text or (query.since and at < query.since) or (query.until and at >= query.until):
        return False
    return all(_holds(term.values, names, term.name) != term.negated for term in query.terms)


def _holds(values: tuple[str, ...], names: dict[str, str], asked: str) -> bool:
    if asked == "word":
        return any(values[0].casefold() in name.casefold() for name in names.values())
    given = names.get(asked, "")
    return bool(given) and any(fnmatchcase(given, value) for value in values)


def _delivery(row: Delivery) -> Line:
    ok = {Delivery.State.HANDLED: True, Delivery.State.DEAD: False}.get(Delivery.State(row.state))
    at = row.handled_at or row.received_at
    return Line(at, "delivery", f"{row.source} {row.kind}", row.state, row.reason or row.external_id, narrow(row), ok)


def _call(row: CallFailure) -> Line:
    told = {name: getattr(row, name) for name in ("vendor", "operation", "status", "outcome", "latency_ms", "attempt")}
    told |= {"request_id": row.request_id, "excerpt": row.excerpt, "at": row.at.isoformat()}
    return Line(row.at, "call", f"{row.vendor} {row.operation}", row.outcome, row.excerpt, told, False)


def _event(row: OutboxEvent) -> Line:
    told = {"id": str(row.uid), "name": row.name, "about": row.about, "at": row.at.isoformat()}
    return Line(row.at, "event", row.name, "decided", row.about, told | {"request_id": row.request_id}, True)


def followers(kinds: tuple[str, ...]) -> list[Follower]:
    """One for each of `deliveries`, `calls` and `events` that is asked for."""
    every = {
        "deliveries": lambda: Follower(Delivery, matches, _delivery),
        "calls": lambda: Follower(CallFailure, _calls, _call),
        "events": lambda: Follower(OutboxEvent, _events, _event),
    }
    return [every[kind]() for kind in kinds]


KINDS = ("deliveries", "calls", "events")
