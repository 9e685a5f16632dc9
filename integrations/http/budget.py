"""How many retries a vendor is worth: a success earns a part of one, so that in an outage there are hardly any."""


class Budget:
    """At most `most` tokens, full at first; a retry spends one. Not safe to share: its owner locks."""

    __slots__ = ("_most", "_ratio", "tokens")

    def __init__(self, most: float, ratio: float) -> None:
        self._most, self._ratio = most, ratio
        self.tokens = most

    def earn(self) -> None:
        """A call went well."""
        self.tokens = min(self._most, self.tokens + self._ratio)

    def spend(self) -> bool:
        """Whether one more retry is granted."""
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True
