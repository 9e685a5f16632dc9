"""What a search asks of the table, and whether an index answers it or rows have to be looked at."""

import re
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_

from django.db import connection
from django.db.models import Max, Q

from webhooks.care.language import Query, Term
from webhooks.models import Delivery

# Rows are stored in the order they arrive, but for clocks and commits that overtake each other by less than this.
DISORDER = 1000
NAMED = ("id", "object", "request")


@dataclass(frozen=True)
class Conditions:
    """`where` for the deliveries with `floor` < pk ≤ `ceiling`; `indexed` when that costs what it finds."""

    where: Q
    floor: int
    ceiling: int
    indexed: bool


def conditions_of(query: Query) -> Conditions:
    """The query for the table; the body's text is not part of it, for bodies are read one by one."""
    floor, ceiling = _bounds(query)
    parts = [_word(term.values[0]) if term.name == "word" else (_plain(term), _indexed(term)) for term in query.terms]
    where = reduce(and_, (condition for condition, _ in parts), Q())
    if query.since:
        where &= Q(received_at__gte=query.since)
    if query.until:
        where &= Q(received_at__lt=query.until)
    alone = len(query.terms) == 1 and _alone(query.terms[0])
    return Conditions(where, floor, ceiling, not parts or alone or any(indexed for _, indexed in parts))


def sources_seen() -> list[str]:
    """Every source that ever spoke: a step in the index for each of them, whatever there is of rows."""
    statement = (
        "WITH RECURSIVE seen AS (SELECT min(source) AS source FROM webhooks_delivery UNION ALL SELECT "
        "(SELECT min(source) FROM webhooks_delivery AS more WHERE more.source > seen.source) "
        "FROM seen WHERE seen.source IS NOT NULL) SELECT source FROM seen WHERE source IS NOT NULL"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return [source for (source,) in cursor.fetchall()]


def called(names: tuple[str, ...]) -> list[int]:
    """The deliveries that have one of these ids: ours, or the vendor's, of which each source may have the same."""
    ours = [int(name) for name in names if name.isascii() and name.isdigit() and len(name) < 19]
    theirs = Delivery.objects.filter(source__in=sources_seen(), external_id__in=names)
    return [*Delivery.objects.filter(pk__in=ours).values_list("pk", flat=True), *theirs.values_list("pk", flat=True)]


def _plain(term: Term) -> Q:
    condition = {
        "source": lambda values: Q(source__in=values),
        "state": lambda values: Q(state__in=values),
        "type": lambda values: reduce(or_, map(_kind, values)),
        "id": lambda values: Q(pk__in=called(values)),
        "object": lambda values: Q(object_key__in=values),
        "request": lambda values: Q(request_id__in=values),
    }[term.name](term.values)
    return ~condition if term.negated else condition


def _kind(value: str) -> Q:
    if "*" not in value:
        return Q(kind=value)
    return Q(kind__regex=f"^{'.*'.join(re.escape(part) for part in value.split('*'))}$")


def _indexed(term: Term) -> bool:
    """Names are found by their index, and so are the dead, however few of them there are."""
    return not term.negated and (term.name in NAMED or (term.name == "state" and term.values == ("dead",)))


def _alone(term: Term) -> bool:
    """A filter whose index is in the order we read in, as long as nothing else has to hold."""
    single = not term.negated and len(term.values) == 1
    return single and term.name == "source"


def _word(word: str) -> tuple[Q, bool]:
    """What is called exactly so; when nothing is, whatever has it in one of its names or in its type."""
    keys = called((word,))
    same = (Q(object_key=word), Q(request_id=word))
    found = [Q(pk__in=keys)] if keys else []
    found += [condition for condition in same if Delivery.objects.filter(condition).exists()]
    if found:
        return reduce(or_, found), True
    return Q(external_id__icontains=word) | Q(kind__icontains=word) | Q(object_key__icontains=word), False


def _bounds(query: Query) -> tuple[int, int]:
    """Times as places in the table, so that what is older or newer is not even looked at."""
    newest = Delivery.objects.aggregate(newest=Max("pk"))["newest"] or 0
    floor, ceiling = 0, newest
    if query.until:
        earlier = Delivery.objects.filter(received_at__lt=query.until).order_by("-received_at")
        ceiling = max(earlier.values_list("pk", flat=True)[:DISORDER], default=0)
    if query.since:
        later = Delivery.objects.filter(received_at__gte=query.since).order_by("received_at")
        floor = min(later.values_list("pk", flat=True)[:DISORDER], default=newest + 1) - 1
    return floor, ceiling
