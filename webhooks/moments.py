"""Times as people and programs write them."""

import re
from datetime import UTC, datetime, timedelta

from django.utils.dateparse import parse_datetime

_AGO = re.compile(r"-(\d{1,6})([smhdw])", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment_of(text: str) -> datetime | None:
    """The time in UTC, which is also what one without a zone means; None for what is no time a database can hold."""
    try:
        moment = parse_datetime(text)
        if moment is None:
            return None
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def moment_or_ago(text: str, now: datetime) -> datetime | None:
    """A time, a day (its beginning), or how long before `now`: `-30s -5m -2h -3d -1w`. None for anything else."""
    ago = _AGO.fullmatch(text)
    if ago is None:
        return moment_of(f"{text}T00:00Z" if _DAY.fullmatch(text) else text)
    try:
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    except OverflowError:
        return None
