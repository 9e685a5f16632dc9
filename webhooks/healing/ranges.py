"""From when to when a source is compared, so that nothing falls between two searches."""

from datetime import datetime, timedelta

from django.conf import settings

from webhooks.models import Delivery, Watermark

# What was sent just now may be on its way: it is left to the next search.
GRACE = timedelta(minutes=2)
# Each search looks at the end of the one before it again: for what the vendor listed late, and for clocks that differ.
OVERLAP = timedelta(hours=1)


def since_of(mark: Watermark, reach: timedelta, now: datetime, asked: datetime | None = None) -> datetime:
    """Where the next search begins: `asked` may go further back, and never leaves anything out.

    Nothing is looked for that is older than the vendor's memory or ours.
    """
    skew = timedelta(seconds=abs(mark.skew))
    usual = (mark.reached - OVERLAP if mark.reached else beginning(mark)) - skew
    oldest = max(now - reach, now - timedelta(days=settings.PATCHBAY_REMEMBER_DAYS))
    return max(oldest, min(usual, asked or usual))


def until_of(now: datetime) -> datetime:
    """Where a search that begins now ends."""
    return now - GRACE


def beginning(mark: Watermark) -> datetime:
    """When we began to listen to the source: what was sent before that was never meant to be here."""
    first = Delivery.objects.filter(source=mark.source).order_by("pk").values_list("received_at", flat=True).first()
    return min(first, mark.begun_at) if first else mark.begun_at
