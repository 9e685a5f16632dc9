"""What is measured when it is asked for: states, which belong to no process and leave no file behind."""

from collections.abc import Callable, Iterable, Iterator

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from integrations.metrics.series import declared

log = structlog.get_logger("metrics")

Readings = Iterable[tuple[tuple[str, ...], float]]
READABLE = "patchbay_gauge_readable"


class Gauges(Collector):
    """Measures when it is asked. One that cannot be measured is left out, and said so; the others are told."""

    def __init__(self) -> None:
        self._readers: dict[str, tuple[str, tuple[str, ...], Callable[[], Readings]]] = {}

    def add(self, name: str, words: str, labels: tuple[str, ...], read: Callable[[], Readings]) -> None:
        self._readers[name] = (words, labels, read)

    def collect(self) -> Iterator[Metric]:
        readable = GaugeMetricFamily(READABLE, "1 when the gauge could be measured just now, else 0", labels=["gauge"])
        for name, (words, labels, read) in self._readers.items():
            family = GaugeMetricFamily(name, words, labels=labels)
            measured = _measured(name, read)
            for values, reading in measured or ():
                family.add_metric(values, reading)
            readable.add_metric([name], float(measured is not None))
            yield family
        yield readable


def _measured(name: str, read: Callable[[], Readings]) -> list[tuple[tuple[str, ...], float]] | None:
    try:
        return list(read())
    except Exception as error:  # noqa: BLE001  whatever it stands on is away: the scrape must tell the rest
        log.warning("metrics.unreadable", gauge=name, error=repr(error))
        return None


gauges = Gauges()
declared[READABLE] = ("gauge", ("gauge",))


def gauge(name: str, words: str, *labels: str) -> Callable[[Callable[[], Readings]], Callable[[], Readings]]:
    """Let the function measure the series: it gives (values of the labels, reading) for each that is known now."""

    def attach(read: Callable[[], Readings]) -> Callable[[], Readings]:
        declared[name] = ("gauge", labels)
        gauges.add(name, words, labels, read)
        return read

    return attach
