"""How many there are, up to a number that costs nothing to count to."""

from collections.abc import Mapping
from itertools import islice

from webhooks.care.language import Query
from webhooks.care.search import STRIDE, Budget, stopped_in_time, walk
from webhooks.models import Delivery

State = Delivery.State

MOST = 1000
BRIEFLY = 0.25  # seconds
# In the order of the index that holds the state's rows alone: the count costs what it counts, wherever they are.
ORDERS: dict[str, tuple[str, ...]] = {State.PENDING: ("source", "due_at", "pk")}
RECENT = (State.HANDLED, State.IGNORED)


def at_most(count: int, most: int = MOST) -> str:
    """The count in words: beyond `most` nobody counted."""
    return f"{most:,}+" if count > most else f"{count:,}"


def by_state() -> Mapping[str, str]:
    """How many there are in each state, in words; of those done with among the newest, for no index knows them."""
    newest = Delivery.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    found = {}
    for state in Delivery.State.values:
        rows = Delivery.objects.filter(state=state).order_by(*ORDERS.get(state, ("-pk",)))
        if state in RECENT:
            rows = rows.filter(pk__gt=newest - STRIDE)
        found[state] = at_most(len(rows.values_list("pk", flat=True)[: MOST + 1]))
    return found


def fitting(query: Query) -> str:
    """How many fit, in words: a number, `1,000+`, or what was found in a quarter of a second."""
    budget = Budget(seconds=BRIEFLY, bodies=1)
    with stopped_in_time():
        count = sum(1 for _ in islice(walk(query, None, budget, chunk=MOST + 1), MOST + 1))
    return at_most(count) if budget.stopped is None or count > MOST else f"{count:,} or more"
