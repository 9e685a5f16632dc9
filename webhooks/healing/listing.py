"""What a vendor's list has that we do not."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from integrations.causes import name_of, span
from integrations.errors import Permanent
from integrations.ports import EventArchive, Sent, SentPage
from webhooks.models import Delivery

ODD = timedelta(minutes=1)  # from there on two clocks are said to differ


def missing_among(source: str, sent: Sequence[Sent]) -> list[Sent]:
    """Those that never came here, each once. One that came and was purged is still known by its id."""
    by_id = {item.id: item for item in sent}
    came = Delivery.objects.filter(source=source, external_id__in=by_id).values_list("external_id", flat=True)
    left = [item for identifier, item in by_id.items() if identifier not in set(came)]
    told = _told_otherwise(source, left)
    return [item for item in left if (item.otherwise, item.object_key) not in told]


def _told_otherwise(source: str, sent: Sequence[Sent]) -> set[tuple[str, str]]:
    """The kinds and objects of those that came in the vendor's other form."""
    asked = [item for item in sent if item.otherwise and item.object_key]
    if not asked:
        return set()
    fits = Q(kind__in={item.otherwise for item in asked}, object_key__in={item.object_key for item in asked})
    return set(Delivery.objects.filter(fits, source=source).values_list("kind", "object_key"))


def page_after(archive: EventArchive, since: datetime, until: datetime, cursor: str) -> tuple[SentPage, bool]:
    """The page at `cursor`, and whether it is the first one.

    It is so too where the vendor does not take the cursor any more, for they expire.
    """
    if cursor:
        with suppress(Permanent):
            return archive.page(since, until, cursor), False
    return archive.page(since, until), True


def pages(archive: EventArchive, since: datetime, until: datetime) -> Iterator[SentPage]:
    """The whole list, page by page."""
    cursor, first = "", True
    while cursor or first:
        page = archive.page(since, until, cursor)
        yield page
        cursor, first = page.cursor, False


def skew_of(page: SentPage) -> timedelta:
    """How far the vendor's clock is ahead of ours; nothing where it does not show it."""
    return page.clock - timezone.now() if page.clock else timedelta()


def remark(source: str, skew: timedelta) -> str:
    """A sentence about clocks that differ; empty while they do not."""
    if abs(skew) < ODD:
        return ""
    side = "ahead of" if skew > timedelta() else "behind"
    return f"The clock of {name_of(source)} is {span(abs(skew).total_seconds())} {side} ours."
