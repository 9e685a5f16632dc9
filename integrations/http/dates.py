"""Times as vendors write them in headers and bodies."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from integrations.errors import BadPayload


def clock_of(headers: Mapping[str, str]) -> datetime | None:
    """What the vendor's clock showed when it answered, by `Date` (RFC 9110, 6.6.1); None where it does not say."""
    try:
        shown = parsedate_to_datetime(headers.get("date", "") or headers.get("Date", ""))
    except ValueError:
        return None
    return shown if shown.tzinfo else shown.replace(tzinfo=UTC)


def moment_in(text: str, where: str) -> datetime:
    """An RFC 3339 time as aware UTC; `BadPayload`, which names `where` it stood, for anything else."""
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise BadPayload(f"{where} is no time") from error
