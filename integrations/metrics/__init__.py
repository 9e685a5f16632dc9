"""The series that Prometheus reads: counted in every process of a host, added up by whichever of them is asked."""

import fcntl

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from integrations.metrics.files import FOLDER, locked, retire
from integrations.metrics.gauges import Readings, gauge, gauges
from integrations.metrics.series import Counter, Histogram, declared, own

__all__ = ["Counter", "Histogram", "Readings", "declared", "exposition", "gauge", "retire"]


def exposition() -> bytes:
    """All series of this host's processes in Prometheus' text format."""
    return _counted() + _measured()


def _counted() -> bytes:
    if FOLDER is None:
        return generate_latest(own)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(FOLDER))
    with locked(FOLDER, fcntl.LOCK_SH):
        return generate_latest(registry)


def _measured() -> bytes:
    registry = CollectorRegistry()
    registry.register(gauges)
    return generate_latest(registry)
