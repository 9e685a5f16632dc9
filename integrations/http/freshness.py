"""A vendor's permission to keep an answer, put so plainly that hishel cannot read more into it than was said.

hishel reckons an answer's age from `Date` alone: without one, or with a vendor's clock that is ahead, it would never
grow old, and `Age` would not count. And where nothing was said it guesses, as RFC 9111 4.2.2 allows.
"""

import re
import time
from email.utils import formatdate, parsedate_to_datetime

import httpx2

SAYS = re.compile(r'(?<!s-)max-age\s*=\s*"?\d|no-store|no-cache', re.IGNORECASE)


def state(status: int, headers: httpx2.Headers) -> None:
    """Write `Date` by our own clock and a lifetime, or that there is none, into what has just been answered."""
    now = time.time()
    date = _time(headers.get("date", ""))
    if not SAYS.search(headers.get("cache-control", "")) and (words := _lifetime(status, headers, date or now)):
        headers["cache-control"] = ", ".join(filter(None, [headers.get("cache-control", ""), words]))
    age = headers.get("age", "")
    elsewhere = int(age) if age.isascii() and age.isdigit() and len(age) < 10 else 0
    headers["date"] = formatdate(min(date or now, now - elsewhere), usegmt=True)


def _lifetime(status: int, headers: httpx2.Headers, date: float) -> str:
    if "expires" in headers:
        return f"max-age={max(0, int((_time(headers['expires']) or 0) - date))}"
    if status == 304:  # says nothing new: what was said with the body holds
        return ""
    # An API's data is no place to guess a lifetime: ask again each time, by its validator where it has one.
    return "no-cache" if "etag" in headers or "last-modified" in headers else "no-store"


def _time(http_date: str) -> float | None:
    try:
        return parsedate_to_datetime(http_date).timestamp()
    except (ValueError, OverflowError):
        return None
