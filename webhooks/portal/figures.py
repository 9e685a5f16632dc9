"""The last day of endpoints, counted: tries and failures by the hour, how long answers took, what waits."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import TruncHour

from integrations.sparkline import Sparkline, draw
from webhooks.models import Attempt, Endpoint, Message

HOURS = 24
SAMPLE = 1000  # tries whose times the median is taken of
FAILED = ~Q(code="")


@dataclass(frozen=True)
class Figures:
    """Tries of the last day, by the hour drawn in `sparkline`."""

    tries: int
    failed: int
    sparkline: Sparkline

    @property
    def share(self) -> str:
        """How many tries of a hundred succeeded; one failure is never rounded up to none."""
        if not self.tries:
            return "–"
        percent = 100 * (self.tries - self.failed) / self.tries
        return f"{min(percent, 99.9):.1f} %" if self.failed and percent > 99 else f"{percent:.0f} %"


@dataclass(frozen=True)
class Counts:
    """Messages in the log by their state, and the median time of recent answers in milliseconds."""

    by_state: dict[str, int]
    median_ms: float | None


def figures_of(endpoints: Iterable[Endpoint], now: datetime) -> dict[int, Figures]:
    """The last day of each of the endpoints, by their primary keys, in one query."""
    begin = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    hours = {endpoint.pk: [(0, 0)] * HOURS for endpoint in endpoints}
    rows = _recent(begin, message__endpoint__in=hours).values("message__endpoint", hour=TruncHour("at"))
    for row in rows.annotate(tries=Count("pk"), failed=Count("pk", filter=FAILED)).order_by():
        at = int((row["hour"] - begin).total_seconds() // 3600)
        if 0 <= at < HOURS:
            hours[row["message__endpoint"]][at] = (row["tries"] - row["failed"], row["failed"])
    return {pk: _figures(counted) for pk, counted in hours.items()}


def _figures(hours: list[tuple[int, int]]) -> Figures:
    well, failed = (sum(counted) for counted in zip(*hours, strict=True))
    return Figures(well + failed, failed, draw(hours))


def _recent(since: datetime, **which: object) -> QuerySet[Attempt]:
    # A try since then is one of a message that waits or was done since: both have an index, and tries have none.
    open_since = Q(message__state=Message.State.WAITING) | Q(message__done_at__gte=since)
    return Attempt.objects.filter(open_since, at__gte=since, **which)


def counts_of(endpoint: Endpoint, now: datetime) -> Counts:
    """What its log holds, and how fast it answers."""
    found = dict(endpoint.messages.values_list("state").annotate(count=Count("pk")).order_by())
    answered = _recent(now - timedelta(hours=HOURS), message__endpoint=endpoint, status__isnull=False)
    times = list(answered.order_by("-pk").values_list("ms", flat=True)[:SAMPLE])
    by_state = {state: found.get(state, 0) for state in Message.State.values}
    return Counts(by_state, median(times) if times else None)


def with_last_delivery(endpoints: QuerySet[Endpoint]) -> QuerySet[Endpoint]:
    """The endpoints with `last_delivery`, when the newest message of those that arrived did, or None."""
    arrived = Message.objects.filter(endpoint=OuterRef("pk"), state=Message.State.DELIVERED).order_by("-pk")
    return endpoints.annotate(last_delivery=Subquery(arrived.values("done_at")[:1]))
