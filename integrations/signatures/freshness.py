"""How far the time that a sender signed may be from ours, before or after."""

from datetime import UTC, datetime, timedelta

from integrations.errors import BadSignature, StaleTimestamp

TOLERANCE = timedelta(minutes=5)


def require_fresh(timestamp: str, now: datetime, tolerance: timedelta = TOLERANCE) -> None:
    """`StaleTimestamp` unless `timestamp` (Unix seconds) lies within `tolerance` of `now`, before or after."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 11):
        raise BadSignature("the signed time is not a number of seconds")
    if abs(now - datetime.fromtimestamp(int(timestamp), UTC)) > tolerance:
        raise StaleTimestamp("the signed time is more than five minutes from now")


def require_recent(timestamp: str, now: datetime, patience: timedelta) -> None:
    """`StaleTimestamp` unless `timestamp` (RFC 3339) is at most `patience` ago, or ahead by what clocks may differ.

    For vendors that sign the time once and repeat the delivery for as long as `patience`.
    """
    try:
        signed = datetime.fromisoformat(timestamp)
    except ValueError:
        raise BadSignature("the signed time is not a time") from None
    if signed.tzinfo is None:
        raise BadSignature("the signed time is of no time zone")
    if not -TOLERANCE <= now - signed <= patience:
        raise StaleTimestamp("the signed time is too long ago, or ahead of ours")
