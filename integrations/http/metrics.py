"""What Prometheus is told of the vendors: attempts, their time, refusals, retries, circuits and remaining quota."""

from collections.abc import Callable, Iterator
from typing import Any

from django.utils.module_loading import import_string

from integrations import registry
from integrations.http import quota
from integrations.metrics import Counter, Histogram, Readings, gauge

BOUNDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)
STATES = ("closed", "half_open", "open")

attempts = Counter(
    "patchbay_vendor_attempts_total", "Attempts at an operation, by how they ended", "vendor", "operation", "outcome"
)
seconds = Histogram("patchbay_vendor_attempt_seconds", "How long attempts took", "vendor", "operation", bounds=BOUNDS)
retries = Counter("patchbay_vendor_retries_total", "Attempts after the first of their call", "vendor", "operation")
rejections = Counter(
    "patchbay_vendor_rejections_total", "Calls not let out, by the error's code", "vendor", "operation", "code"
)
lost = Counter("patchbay_call_records_lost_total", "Records of calls that could not be kept, by their kind", "kind")
LOOK = "integrations.http.state.state_of"


@gauge("patchbay_vendor_breaker_state", "1 for the state that the vendor's circuit is in, else 0", "vendor", "state")
def breaker_states() -> Readings:
    for vendor, look in _looks():
        for state in STATES:
            yield (vendor, state), float(look.effective == state)


@gauge("patchbay_vendor_gate_seconds", "How long the vendor has told us to wait, 0 when not", "vendor")
def gates() -> Readings:
    for vendor, look in _looks():
        yield (vendor,), look.gate


@gauge("patchbay_vendor_quota_remaining", "Calls left in the vendor's own window, as it last said", "vendor")
def quotas() -> Readings:
    for vendor in _vendors():
        if left := quota.quota(vendor):
            yield (vendor,), left.remaining


def _looks() -> Iterator[tuple[str, Any]]:
    state_of: Callable[[str], Any] = import_string(LOOK)
    for vendor in _vendors():
        yield vendor, state_of(vendor).look()


def _vendors() -> list[str]:
    return [slug for slug, provider in registry.all_providers().items() if provider.configured]
