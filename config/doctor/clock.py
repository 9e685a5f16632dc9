"""Whether our clock agrees with those around us: a webhook signed more than five minutes from now is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING

from config.doctor.findings import ERROR, WARNING, Examination, Finding, Theme
from config.doctor.race import within
from config.doctor.storage import client

if TYPE_CHECKING:
    from integrations.contract import Provider

SECONDS = 3.0
NOTICED = timedelta(seconds=30)
MEND = "timedatectl set-ntp true && timedatectl timesync-status"


def now() -> datetime:
    """This machine's time."""
    return datetime.now(UTC)


def database_clock() -> Iterator[Finding]:
    """This machine and PostgreSQL agree on the time."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        yield from compare("PostgreSQL", cursor.fetchone()[0])


def redis_clock() -> Iterator[Finding]:
    """This machine and Redis agree on the time."""
    from django.conf import settings

    if settings.REDIS_URL:
        seconds, microseconds = client().time()
        yield from compare("Redis", datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=microseconds))


def vendor_clock() -> Iterator[Finding]:
    """This machine agrees with the Date that vendors send."""
    from django.conf import settings

    from integrations.registry import all_providers

    if settings.PATCHBAY_SANDBOX:
        return
    ready = [provider for provider in all_providers().values() if provider.configured and provider.base_url]
    # Who cannot be reached is told by another examination; the first that tells its time is enough.
    for name, said in within(SECONDS, {provider.name: partial(_date_of, provider) for provider in ready}).items():
        if isinstance(said, datetime):
            yield from compare(name, said)
            return


def _date_of(provider: Provider) -> datetime | None:
    import httpx2

    said = httpx2.get(provider.base_url, timeout=SECONDS).headers.get("date", "")
    return parsedate_to_datetime(said) if said else None


def compare(peer: str, theirs: datetime) -> Iterator[Finding]:
    """A finding when `theirs` is too far from ours: an error past the tolerance of webhooks."""
    from integrations.signatures import TOLERANCE

    apart = now() - theirs
    if abs(apart) <= NOTICED:
        return
    way = "ahead of" if apart > timedelta(0) else "behind"
    what = f"this machine's clock is {round(abs(apart).total_seconds())} s {way} {peer}'s"
    beyond = abs(apart) > TOLERANCE
    cause = "genuine webhooks are refused as stale" if beyond else "past five minutes, genuine webhooks are refused"
    yield Finding(what, cause, "/etc/systemd/timesyncd.conf", MEND, ERROR if beyond else WARNING)


THEME = Theme(
    "clock",
    (
        Examination("database_clock", database_clock, ("database",)),
        Examination("redis_clock", redis_clock, ("redis",)),
        Examination("vendor_clock", vendor_clock, ("settings",), asks_vendors=True),
    ),
)
