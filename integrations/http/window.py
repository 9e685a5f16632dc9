"""How the last minute went: calls, failures and slow calls of a sliding window, in buckets of one second."""


class Window:
    """Counts over the last `size` whole seconds. Not safe to share between threads: its owner locks."""

    __slots__ = ("_buckets", "_head", "_second", "calls", "failures", "size", "slow")

    def __init__(self, size: int) -> None:
        self.size = size
        self._second = 0
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.calls = self.failures = self.slow = 0
        self._head = 0
        self._buckets = [[0, 0, 0] for _ in range(self.size)]

    def add(self, now: float, failed: bool, slow: bool) -> None:
        """Count one call that ended at `now` (seconds)."""
        self.roll(now)
        bucket = self._buckets[self._head]
        bucket[0] += 1
        bucket[1] += failed
        bucket[2] += slow
        self.calls += 1
        self.failures += failed
        self.slow += slow

    def roll(self, now: float) -> None:
        """Drop what is older than the window. A clock that went back moves nothing, and is followed from there."""
        second = int(now)
        if second == self._second:
            return
        gone, self._second = second - self._second, second
        if gone >= self.size:
            self.clear()
            return
        for _ in range(gone):
            self._head = (self._head + 1) % self.size
            calls, failures, slow = self._buckets[self._head]
            self.calls -= calls
            self.failures -= failures
            self.slow -= slow
            self._buckets[self._head] = [0, 0, 0]
