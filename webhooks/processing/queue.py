"""Whose turn it is: every source that waits gets its share of a batch, by the weight of its lane, and the urgent come
first. Within a source the longest due is first; within an object, the order of arrival."""

import random

from django.db import connection
from django.utils import timezone

from integrations.claims import forgettable, lock
from webhooks.models import Delivery
from webhooks.processing.order import park, take_heads
from webhooks.processing.speakers import lane

MOST_SOURCES = 16  # that share one batch
# All that processing reads: what is missing here costs a query for each delivery.
NEEDED = (
    *("source", "kind", "object_key", "request_id", "received_at", "expires_on"),
    *("state", "attempts", "due_at", "facts"),
)

# From one source to the next by the index on (source, due_at): a step for each that waits, however much waits.
_DUE_SOURCES = """
WITH RECURSIVE waiting (source) AS (
    SELECT min(source) FROM webhooks_delivery WHERE state = 'pending'
    UNION ALL
    SELECT (SELECT min(source) FROM webhooks_delivery WHERE state = 'pending' AND source > waiting.source)
    FROM waiting WHERE waiting.source IS NOT NULL
)
SELECT source FROM waiting WHERE EXISTS (
    SELECT 1 FROM webhooks_delivery AS due
    WHERE due.state = 'pending' AND due.source = waiting.source AND due.due_at <= %s
)
"""


def claim(limit: int) -> list[Delivery]:
    """Up to `limit` deliveries whose turn it is, leased to the caller, urgent ones first; none when nothing is due.

    No two of them are of the same object.
    """
    while sources := _due_sources():
        with forgettable():
            ready, parked = _share_out(_chosen(sources), limit)
        if ready or not parked:
            return ready
    return []


def _chosen(sources: list[str]) -> dict[str, int]:
    """The sources that share the next batch with their weights, heaviest first: all, or a draw of too many."""
    weights = {source: int(lane(source)) for source in sources}
    drawn = sorted(weights, key=lambda source: random.random() ** (1 / weights[source]), reverse=True)  # noqa: S311
    return {source: weights[source] for source in sorted(drawn[:MOST_SOURCES], key=weights.__getitem__, reverse=True)}


def _share_out(weights: dict[str, int], limit: int) -> tuple[list[Delivery], int]:
    """Each source's share, leased, and how many were parked; what one leaves of its share goes to those after it."""
    ready: list[Delivery] = []
    parked, total = 0, sum(weights.values())
    for source, weight in weights.items():
        share = max(1, (limit - len(ready)) * weight // total)
        pending = Delivery.objects.filter(state=Delivery.State.PENDING, source=source).only(*NEEDED)
        heads, waiting = take_heads(lock(pending, share))
        park(waiting)
        ready, parked, total = ready + heads, parked + len(waiting), total - weight
    return ready, parked


def _due_sources() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_DUE_SOURCES, [connection.ops.adapt_datetimefield_value(timezone.now())])
        return [source for (source,) in cursor.fetchall()]
