"""Whether what has been kept long enough goes: the purge runs, and on PostgreSQL the days to come have partitions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from config.doctor.findings import WARNING, Examination, Finding, Theme
from config.doctor.work import start_worker

LATE = timedelta(hours=3)  # it runs every hour


def purge() -> Iterator[Finding]:
    """What has been kept long enough was looked for in the last hours."""
    from django.utils import timezone

    from webhooks.inbox.retention import HEARTBEAT
    from webhooks.models import Delivery, Heartbeat

    limit = timezone.now() - LATE
    last = Heartbeat.objects.filter(name=HEARTBEAT).first()
    if last is None and Delivery.objects.filter(received_at__lt=limit).exists():
        cause = "the purge has never run in this database: bodies stay for longer than was promised"
        yield Finding("nothing that is kept goes", cause, "BROKER_URL", start_worker(), WARNING)
    elif last is not None and last.at < limit:
        cause = f"the purge last ended at {last.at:%Y-%m-%d %H:%M:%S} UTC: bodies stay for longer than was promised"
        yield Finding("nothing that is kept goes", cause, "BROKER_URL", start_worker(), WARNING)


def partitions() -> Iterator[Finding]:
    """On PostgreSQL, what arrives today has a partition for the day it expires."""
    from django.utils import timezone

    from webhooks.inbox import partitions, retention

    if not partitions.in_use():
        return
    if missing := retention.needed_today(timezone.now().date()) - partitions.days():
        named = ", ".join(map(str, sorted(missing)[:3]))
        cause = f"there is none for {named}: bodies go into the default partition, which is purged row by row"
        yield Finding("partitions are missing", cause, "BROKER_URL", start_worker(), WARNING)


NEEDS = ("migrations",)
THEME = Theme("retention", tuple(Examination(look.__name__, look, NEEDS) for look in (purge, partitions)))
