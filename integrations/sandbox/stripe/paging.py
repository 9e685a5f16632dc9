"""Lists as Stripe pages them: newest first, by cursor. https://docs.stripe.com/api/pagination"""

from collections.abc import Iterable
from typing import Any

from integrations.sandbox.stripe.endpoint import Call
from integrations.sandbox.stripe.errors import invalid, not_simulated

Json = dict[str, Any]
PAGING = frozenset(("created", "ending_before", "expand", "limit", "starting_after"))


def page(things: Iterable[Json], call: Call) -> Json:
    """One page, newest first, of those created when the caller asks, after or before the id they name."""
    newest = [thing for thing in reversed(list(things)) if _created_in(thing, call.params.get("created"))]
    order = [thing["id"] for thing in newest]
    limit = call.params.get("limit", 10)
    if not 1 <= limit <= 100:
        raise invalid("limit", "Invalid integer: limit must be between 1 and 100.", code="parameter_invalid_integer")
    if (last := call.params.get("starting_after")) in order:
        newest = newest[order.index(last) + 1 :]
    elif (first := call.params.get("ending_before")) in order:
        newest = newest[: order.index(first)][-limit:]
    return {
        "object": "list",
        "data": newest[:limit],
        "has_more": len(newest) > limit,
        "url": call.path[call.path.index("/v1") :],
    }


BOUNDS = {
    "gt": lambda at, bound: at > bound,
    "gte": lambda at, bound: at >= bound,
    "lt": lambda at, bound: at < bound,
    "lte": lambda at, bound: at <= bound,
}


def _created_in(thing: Json, created: Any) -> bool:
    if created is None:
        return True
    if isinstance(created, int):
        return bool(thing["created"] == created)
    return all(BOUNDS[name](thing["created"], bound) for name, bound in created.items())


def matching(things: Iterable[Json], call: Call, *filters: str) -> list[Json]:
    """The things that have what the caller filters by; a filter of Stripe's that is not among `filters` is refused."""
    for name in sorted(call.params.keys() - PAGING - set(filters)):
        raise not_simulated(name)
    wanted = {name: call.params[name] for name in filters if name in call.params}
    return [thing for thing in things if all(thing[name] == value for name, value in wanted.items())]
