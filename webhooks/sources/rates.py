"""How often a source may speak: a bucket for each, in this process, exact, and charged for genuine requests alone.

A forger cannot empty it, for who has proved nothing pays nothing: a forged request costs its verification in memory
and is counted. The allowance of each web process is its own; asking a shared one would make the event loop wait.
"""

import math
from functools import cache

from webhooks.api.buckets import Buckets, Quota
from webhooks.problems import Problem


def charge(slug: str, rate: float) -> None:
    """Take one request from the source's bucket; raises `Problem` 429 when it is empty. A rate of 0 is none."""
    if not rate:
        return
    allowance = _buckets(rate).take(f"source:{slug}")
    if not allowance.admitted:
        words = f"This source may speak {rate:g} times a second. Send it again."
        raise Problem(429, "rate_limited", "Too many requests", words, retry_after=allowance.wait)


@cache
def _buckets(rate: float) -> Buckets:
    # Of a second's worth, all may come at once.
    return Buckets(Quota(max(1, round(rate * 60)), max(1, math.ceil(rate))))
