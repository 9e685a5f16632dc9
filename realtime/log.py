"""Reading the log: where streams stand, and what came after a number."""

from collections.abc import Collection, Mapping
from functools import reduce
from operator import or_
from typing import NamedTuple

from django.db.models import Q

from realtime.models import Stream, StreamEvent

# SQLite refuses expressions deeper than 1000, and a chain of ORs is as deep as it is long.
STREAMS_PER_READ = 200


class Position(NamedTuple):
    """Where a stream stands: its row's id, its epoch, and the number of its newest event."""

    stream: int
    epoch: str
    seq: int


def positions(streams: Collection[int]) -> dict[int, Position]:
    """Where each of these streams stands, in one query; a stream that is gone is left out."""
    rows = Stream.objects.filter(pk__in=streams).values_list("pk", "epoch", "seq")
    return {row[0]: Position(*row) for row in rows}


def after(marks: Mapping[int, int], limit: int) -> list[StreamEvent]:
    """The events past each stream's mark, by stream and number; `limit` or more rows mean that there may be more."""
    pairs = list(marks.items())
    rows: list[StreamEvent] = []
    for start in range(0, len(pairs), STREAMS_PER_READ):
        wanted = reduce(or_, (Q(stream=key, seq__gt=seq) for key, seq in pairs[start : start + STREAMS_PER_READ]))
        rows += StreamEvent.objects.filter(wanted).order_by("stream_id", "seq")[:limit]
    return rows


def unbroken(rows: Collection[StreamEvent], mark: int) -> bool:
    """Whether these rows of one stream follow `mark` without a gap."""
    return [row.seq for row in rows] == list(range(mark + 1, mark + 1 + len(rows)))
