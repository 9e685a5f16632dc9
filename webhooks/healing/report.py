"""What a comparison found, for people and programs."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from webhooks.healing.archives import archive_of
from webhooks.healing.listing import missing_among, pages, remark, skew_of
from webhooks.healing.ranges import since_of, until_of
from webhooks.healing.telling import fate
from webhooks.models import Gap, Search, Watermark


@dataclass
class Report:
    """One source compared from `since` to `until`; without a search nothing was fetched."""

    source: str
    since: datetime | None = None
    until: datetime | None = None
    listed: int = 0
    missing: int = 0
    recovered: int = 0
    lost: int = 0
    search: int | None = None
    remark: str = ""
    error: str = ""
    missing_ids: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The report as a line."""
        if self.since is None or self.until is None:
            return f"{self.source}: {self.error}"
        range_ = f"{self.since:%Y-%m-%d %H:%M} – {self.until:%Y-%m-%d %H:%M} UTC"
        found = f"{self.listed:,} sent, {self.missing:,} missing" + (f" ({self._fate})" if self.missing else "")
        return " ".join(filter(None, (f"{self.source}: {range_}: {found}.", self.remark, self.error)))

    @property
    def _fate(self) -> str:
        if self.search is None:
            return "nothing fetched: a dry run"
        return fate(self)

    def told(self) -> dict[str, Any]:
        """The report as JSON; times in ISO 8601."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else value for name, value in asdict(self).items()
        }


def report_of(search: Search) -> Report:
    """What a search has found so far."""
    return Report(
        source=search.source,
        since=search.since,
        until=search.until,
        listed=search.listed,
        missing=search.missing,
        recovered=search.recovered,
        lost=search.lost,
        search=search.pk,
        remark=search.remark,
        error=search.error,
        missing_ids=tuple(
            search.gaps.exclude(outcome=Gap.Outcome.ARRIVED)
            .order_by("sent_at", "pk")
            .values_list("external_id", flat=True)
        ),
    )


def dry_run(source: str, now: datetime, since: datetime | None = None) -> Report:
    """What a search would look for now; nothing is fetched or written down. The errors are the vendor's."""
    archive = archive_of(source)
    mark = Watermark.objects.filter(pk=source).first() or Watermark(source=source, begun_at=now)
    found = Report(source, since_of(mark, archive.reach, now, since), until_of(now))
    assert found.since is not None
    assert found.until is not None
    missing: dict[str, None] = {}
    for page in pages(archive, found.since, found.until):
        found.listed += len(page.sent)
        missing |= dict.fromkeys(item.id for item in missing_among(source, page.sent))
        found.remark = remark(source, skew_of(page))
    found.missing_ids, found.missing = tuple(missing), len(missing)
    return found


def searches_of(source: str, limit: int = 10) -> list[Search]:
    """The newest searches, those that found something or could not go on before those that found nothing."""
    rows = Search.objects.filter(source=source).order_by("-pk")
    telling = list(rows.exclude(missing=0, error="")[: limit - 1])
    newest = [row for row in rows[:1] if row not in telling]
    return newest + telling


def gaps_of(source: str, limit: int = 20) -> list[Gap]:
    """The newest gaps of a source, without those that closed by themselves."""
    rows = Gap.objects.filter(search__source=source).exclude(outcome=Gap.Outcome.ARRIVED)
    return list(rows.order_by("-pk")[:limit])
