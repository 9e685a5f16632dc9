"""How often a vendor may be called: a token bucket, kept as the one moment at which it would be full again (GCRA)."""


class Limiter:
    """`rate` calls a second with a `burst`; a rate of 0 limits nothing. Not safe to share: its owner locks."""

    __slots__ = ("_full_at", "_interval", "_tolerance")

    def __init__(self, rate: float, burst: int) -> None:
        self._interval = 1.0 / rate if rate else 0.0
        self._tolerance = (max(burst, 1) - 1) * self._interval
        self._full_at = 0.0

    def wait(self, now: float) -> float:
        """Seconds until there is a token; 0 when there is one."""
        return max(0.0, self._full_at - self._tolerance - now) if self._interval else 0.0

    def debt(self, now: float) -> float:
        """Seconds until it would be full again."""
        return max(0.0, self._full_at - now)

    def take(self, now: float) -> None:
        """Take the token that `wait` has seen."""
        if self._interval:
            self._full_at = max(self._full_at, now) + self._interval
