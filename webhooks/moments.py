"""Times as people and programs write them."""

from datetime import UTC, datetime

from django.utils.dateparse import parse_datetime


def moment_of(text: str) -> datetime | None:
    """The time in UTC, which is also what one without a zone means; None for what is no time a database can hold."""
    try:
        moment = parse_datetime(text)
        if moment is None:
            return None
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
