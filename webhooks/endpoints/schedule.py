"""When a message is tried again: the schedule of Standard Webhooks, spread a little, and what the receiver asks for.

https://www.standardwebhooks.com, “Deliverability and reliability”
"""

import random
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

MINUTE, HOUR = 60.0, 3600.0
# Seconds before each try: ten of them in a little over three days.
WAITS = (0.0, 5.0, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
JITTER = 0.2
LONGEST = 24 * HOUR

_SECONDS = re.compile(r"[0-9]{1,9}", re.ASCII)


def wait_after(tries: int, asked: float | None = None) -> timedelta | None:
    """How long to wait after `tries` tries in vain; None when there are no more.

    What the receiver `asked` for (seconds) counts where it is longer than the schedule's own wait, up to `most`: so
    nobody parks a message for ever, or has itself hammered.
    """
    if tries >= len(WAITS):
        return None
    wait = WAITS[tries] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  jitter, no secret
    if asked is not None:
        wait = max(wait, min(asked, most(tries)))
    return timedelta(seconds=wait)


def most(tries: int) -> float:
    """The longest that a receiver may have us wait, in seconds: a day, or twice the schedule's wait if that is more."""
    return max(2 * WAITS[tries], LONGEST)


def asked_for(header: str, now: datetime) -> float | None:
    """Seconds that a Retry-After asks for, in either of its forms; None for what is no such thing. Takes any text."""
    text = header.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    try:
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max((aware - now).total_seconds(), 0.0)
    except OverflowError:
        return None
