"""The signed time of a request in the notations senders use, and how far it may be from ours on either side."""

from datetime import UTC, datetime, timedelta

from integrations.errors import BadSignature, StaleTimestamp

UNITS = ("seconds", "milliseconds", "iso8601")
LONGEST = 14  # digits: milliseconds until the year 5138
LONGEST_ISO = 40


def require_fresh(text: str, unit: str, now: datetime, tolerance: timedelta) -> None:
    """`StaleTimestamp` unless `text` is a time within `tolerance` of `now`, before or after."""
    if abs(now - _moment(text, unit)) > tolerance:
        seconds = int(tolerance.total_seconds())
        raise StaleTimestamp(f"the signed time is more than {seconds} seconds from now")


def written(moment: datetime, unit: str) -> str:
    """The moment in this notation."""
    if unit == "iso8601":
        return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return str(int(moment.timestamp() * (1000 if unit == "milliseconds" else 1)))


def _moment(text: str, unit: str) -> datetime:
    try:
        if unit == "iso8601":
            return _iso(text)
        if not (text.isascii() and text.isdigit() and len(text) <= LONGEST):
            raise ValueError(text)
        return datetime.fromtimestamp(int(text) / (1000 if unit == "milliseconds" else 1), UTC)
    except (ValueError, OverflowError, OSError):
        raise BadSignature(f"the signed time is not one in {unit}") from None


def _iso(text: str) -> datetime:
    if len(text) > LONGEST_ISO:
        raise ValueError(text)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
