"""When to come back, in words for people: rounded up, so that whoever comes back then is not too early."""

from math import ceil, isinf


def in_words(seconds: float) -> str:
    """`in 30 seconds`, `in 2 minutes`; where nobody knows the end (`inf`), `a little later`."""
    if isinf(seconds):
        return "a little later"
    if seconds > 90:
        return f"in {ceil(seconds / 60)} minutes"
    whole = max(1, ceil(seconds))
    return f"in {whole} second{'' if whole == 1 else 's'}"
