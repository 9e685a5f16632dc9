"""What is counted while it happens: numbers that only grow, and how long things took."""

from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, metrics

from integrations.metrics import files  # noqa: F401  decides where the library counts, before anything is counted

MOST_CHILDREN = 500
OTHER = "other"

own = CollectorRegistry()
declared: dict[str, tuple[str, tuple[str, ...]]] = {}


class Counter:
    """A number that only grows, per combination of labels. A process starts its file with its first count."""

    def __init__(self, name: str, words: str, *labels: str) -> None:
        declared[name] = ("counter", labels)
        self._family = metrics.Counter(name, words, labels, registry=own)
        self._width = len(labels)
        self._known: dict[tuple[str, ...], Callable[[float], None]] = {}

    def count(self, *values: str) -> None:
        """One more."""
        self.add(1, *values)

    def add(self, amount: float, *values: str) -> None:
        """So many more. Past `MOST_CHILDREN` combinations the rest is counted as `other`."""
        known = self._known.get(values)
        (known or self._learn(values))(amount)

    def _learn(self, values: tuple[str, ...]) -> Callable[[float], None]:
        if len(self._known) >= MOST_CHILDREN:
            return self._family.labels(*[OTHER] * self._width).inc
        return self._known.setdefault(values, self._family.labels(*values).inc)


class Histogram:
    """How long something took, per combination of labels. `bounds` are seconds."""

    def __init__(self, name: str, words: str, *labels: str, bounds: Sequence[float]) -> None:
        declared[name] = ("histogram", labels)
        self._family = metrics.Histogram(name, words, labels, registry=own, buckets=bounds)
        self._width = len(labels)
        self._known: dict[tuple[str, ...], Callable[[float], None]] = {}

    def observe(self, seconds: float, *values: str) -> None:
        """One more that took so long; bounded as a `Counter` is."""
        known = self._known.get(values)
        (known or self._learn(values))(seconds)

    def _learn(self, values: tuple[str, ...]) -> Callable[[float], None]:
        if len(self._known) >= MOST_CHILDREN:
            return self._family.labels(*[OTHER] * self._width).observe
        return self._known.setdefault(values, self._family.labels(*values).observe)
