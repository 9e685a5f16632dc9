"""How each source stands: plug-ins and custom ones in one list, for staff."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, Max, Sum

from integrations.contract import Provider
from integrations.models import Incident
from integrations.registry import all_providers
from webhooks.care.conditions import sources_seen
from webhooks.models import ArrivalHour, Delivery, ForgeryHour, Source, SourceSecret
from webhooks.sources.plugin import PlugIn

LATELY = timedelta(hours=24)
MOST = 100_000  # of the newest deliveries are counted: the page is looked at every few seconds


@dataclass(frozen=True)
class Lately:
    """What came under a slug in the last 24 hours, among the newest `MOST` of all.

    `last` may be longer ago, to the hour then.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    last: datetime | None = None
    forged: int = 0

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True)
class Standing:
    """One source on the page. `state` is up, late, paused, new (never set up) or down (cannot take anything).

    A plug-in is late on its vendor's own page.
    """

    slug: str
    name: str
    scheme: str
    state: str
    words: str
    rate: float
    lately: Lately
    secrets: list[SourceSecret]
    custom: bool
    late: Incident | None = None


def all_standing(now: datetime) -> list[Standing]:
    """Every source there is, custom ones first, by slug."""
    lately = _lately(now)
    late = {one.vendor: one for one in Incident.objects.filter(kind=Incident.Kind.LATE, closed_at=None)}
    rows = Source.objects.prefetch_related("secrets")
    plug_ins = (provider for provider in all_providers().values() if provider.receives)
    return [
        *(_of_custom(row, lately[row.slug], late.get(row.slug), now) for row in rows),
        *(_of_plug_in(provider, lately[provider.slug]) for provider in plug_ins),
    ]


def slugs() -> list[str]:
    """Every source that may speak, whether it has or not, and every one that ever has, in order."""
    receiving = {slug for slug, provider in all_providers().items() if provider.receives}
    return sorted(receiving | set(Source.objects.values_list("slug", flat=True)) | set(sources_seen()))


def standing_of(slug: str, now: datetime) -> Standing | None:
    """One of them."""
    return next((one for one in all_standing(now) if one.slug == slug), None)


def _of_custom(row: Source, lately: Lately, late: Incident | None, now: datetime) -> Standing:
    live = [one for one in row.secrets.all() if one.expires_at is None or one.expires_at > now]
    state, words = "up", "receiving"
    if row.scheme != Source.Scheme.NONE and not live:
        state, words = "down", "no secret"
    elif row.paused:
        state, words = "paused", "paused"
    elif late:
        state, words = "late", "late"
    label = row.get_scheme_display()
    return Standing(row.slug, row.name, label, state, words, row.rate, lately, live, custom=True, late=late)


def _of_plug_in(provider: Provider, lately: Lately) -> Standing:
    state, words = ("up", "receiving") if provider.configured else ("new", "not configured")
    rate = PlugIn(provider).rate
    return Standing(provider.slug, provider.name, "Plug-in", state, words, rate, lately, [], custom=False)


def _lately(now: datetime) -> Mapping[str, Lately]:
    since = now - LATELY
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    last = dict(ArrivalHour.objects.values_list("source").annotate(Max("hour")).order_by())
    newest_of_all = Delivery.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    recent = Delivery.objects.filter(received_at__gte=since, pk__gt=newest_of_all - MOST).values_list("source", "state")
    for source, state, count, newest in recent.annotate(Count("pk"), Max("received_at")).order_by():
        counts[source][state] = count
        last[source] = max(newest, last.get(source, newest))
    forged = dict(ForgeryHour.objects.filter(hour__gte=since).values_list("source").annotate(Sum("count")).order_by())
    found: dict[str, Lately] = defaultdict(Lately)
    for source in {*counts, *last, *forged}:
        found[source] = Lately(counts.get(source, {}), last.get(source), forged.get(source, 0))
    return found
