"""What is kept of tries that failed, for whoever looks into it later; the delivery alone has the last of them."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from webhooks.models import Delivery, FailedTry

KEPT = timedelta(days=30)
LONGEST = 8_000  # characters: the end of a traceback says what happened
FAILED = (Delivery.State.PENDING, Delivery.State.DEAD)


def note(tried: Iterable[Delivery]) -> None:
    """Keep those of these tries that failed."""
    FailedTry.objects.bulk_create(
        FailedTry(delivery_id=row.pk, number=row.attempts, error=row.error[-LONGEST:])
        for row in tried
        if row.state in FAILED and row.error
    )


def of(delivery: Delivery) -> list[FailedTry]:
    """The failed tries at this delivery, the first one first."""
    return list(FailedTry.objects.filter(delivery_id=delivery.pk).order_by("at")[:200])


def trim(now: datetime) -> int:
    """Let go of those older than 30 days; returns how many."""
    return FailedTry.objects.filter(at__lt=now - KEPT).delete()[0]
