"""The bounds between which attempts' durations are counted."""

from bisect import bisect_left

# Milliseconds; what took longer than the last but one is in the last.
BUCKETS_MS = (5, 10, 25, 50, 100, 150, 250, 400, 600, 1000, 1500, 2500, 5000, 10_000, 20_000, 60_000)


def bucket_of(milliseconds: float) -> int:
    """The upper bound of the bucket that a duration belongs to."""
    return BUCKETS_MS[min(bisect_left(BUCKETS_MS, milliseconds), len(BUCKETS_MS) - 1)]
