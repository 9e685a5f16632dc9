"""The operators' console: what arrived, found by a search, and live while somebody looks."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from webhooks.care import live
from webhooks.care.counting import by_state, fitting
from webhooks.care.export import TYPES
from webhooks.care.language import Query, Unreadable, parse, without
from webhooks.care.search import Found, find
from webhooks.console.access import operators_only
from webhooks.console.asking import address_of, number, numbers, search_of
from webhooks.models import Delivery
from webhooks.sources.standing import slugs


@dataclass(frozen=True)
class Tab:
    """One state to look at: `count` is in words, `address` the same search for this state."""

    name: str
    count: str
    address: str
    here: bool


@require_safe
@operators_only
def deliveries(request: HttpRequest) -> HttpResponse:
    """The newest deliveries that fit the search, 50 to a page.

    `?fragment=1` gives the rows alone, and nothing (204) while they are those that are `shown` with the sign `seen`.
    """
    search = search_of(request.GET)
    before = number(request.GET.get("before", ""))
    try:
        query = parse(search, timezone.now())
        if "fragment" in request.GET and not _changed(request, query):
            return HttpResponse(status=204)
        found, error = find(query, before), ""
        fit = fitting(query) if query and not query.text and "fragment" not in request.GET else ""
    except Unreadable as problem:
        query, found, error, fit = Query(search), Found([]), str(problem), ""
    template = "_deliveries.html" if "fragment" in request.GET else "deliveries.html"
    context = _context(query, found, error, before) | {"search": search, "fit": fit}
    return render(request, f"webhooks/console/{template}", context, status=400 if error else 200)


def _changed(request: HttpRequest, query: Query) -> bool:
    shown = numbers(request.GET.get("shown", "").split(","))
    seen = request.GET.get("seen", "")
    return not seen or live.changed(query, shown, seen)


def _context(query: Query, found: Found, error: str, before: int | None) -> dict[str, Any]:
    tabs = _tabs(query)
    dead = next(tab for tab in tabs if tab.name == Delivery.State.DEAD)
    return {
        "query": query,
        "found": found,
        "error": error,
        "deliveries": found.rows,
        "tabs": tabs,
        "every": address_of(without(query.written, "state")),
        "states": query.values("state"),
        "dead": dead if dead.count != "0" and not dead.here else None,
        "shown": ",".join(str(row.pk) for row in found.rows),
        "seen": live.sign(found.rows),
        "live": before is None and not error,
        "sources": slugs(),
        "forms": TYPES,
    }


def _tabs(query: Query) -> list[Tab]:
    rest = without(query.written, "state")
    return [
        Tab(state, count, address_of(f"{rest} state:{state}".strip()), query.values("state") == (state,))
        for state, count in by_state().items()
    ]
