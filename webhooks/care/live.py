"""What has changed since somebody looked, cheaply enough to be asked every second by everybody who looks."""

import hashlib
from collections.abc import Iterable, Sequence

from webhooks.care.conditions import conditions_of
from webhooks.care.language import Query
from webhooks.care.search import PAGE, Budget, find, walk
from webhooks.models import Delivery

NEWEST = 1_000  # rows in which what is new is looked for where no index answers
NEWEST_BODIES = 100


def sign(rows: Iterable[Delivery]) -> str:
    """The same for the same rows in the same states, and another for any other."""
    told = "".join(f"{row.pk}.{row.state}.{row.attempts}.{row.due_at.timestamp()};" for row in rows)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def changed(query: Query, shown: Sequence[int], seen: str) -> bool:
    """Whether the first page would look different from the rows `shown`, whose sign was `seen`.

    Where an index answers the page is found anew; elsewhere the rows shown are compared, and the newest looked at.
    """
    if conditions_of(query).indexed and not query.text:
        return sign(find(query).rows) != seen
    rows = Delivery.objects.filter(pk__in=shown).order_by("-pk")
    return sign(rows) != seen or _something_new(query, shown)


def _something_new(query: Query, shown: Sequence[int]) -> bool:
    newest = Delivery.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    oldest = min(shown, default=0) if len(shown) >= PAGE else 0
    budget = Budget(seconds=0.3, bodies=NEWEST_BODIES)
    found = walk(query, None, budget, above=max(newest - NEWEST, oldest))
    return any(row.pk not in shown for row in found)
