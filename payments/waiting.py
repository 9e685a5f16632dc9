"""How long to wait, in words for people: rounded up, so that whoever comes back then is not too early."""

from math import ceil


def in_words(seconds: float) -> str:
    """`30 seconds`, `2 minutes`."""
    if seconds > 90:
        return f"{ceil(seconds / 60)} minutes"
    whole = max(1, ceil(seconds))
    return f"{whole} second{'' if whole == 1 else 's'}"
