"""How many retries a vendor is worth: successes earn them, so that in an outage there are hardly any."""


class Budget:
    """At most `most` tokens, full at first; a retry spends one. A success earns `ratio` tokens, or `refill` for each
    minute since the last one if that is more: few calls have their retries back with the first that goes well.

    Times are seconds of the caller's clock. Not safe to share: its owner locks.
    """

    __slots__ = ("_earned_at", "_most", "_ratio", "_refill", "left")

    def __init__(self, most: float, ratio: float, refill: float, now: float) -> None:
        self._most, self._ratio, self._refill = most, ratio, refill / 60.0
        self.left, self._earned_at = most, now

    def earn(self, now: float) -> None:
        """A call went well."""
        self.left = min(self._most, self.left + max(self._ratio, (now - self._earned_at) * self._refill))
        self._earned_at = now

    def spend(self) -> bool:
        """Whether one more retry is granted."""
        if self.left < 1.0:
            return False
        self.left -= 1.0
        return True
