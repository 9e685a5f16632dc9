"""What Prometheus is told of deliveries and of the outbox."""

from typing import Any

from django.db.models import Count, Min
from django.utils import timezone

from integrations.metrics import Counter, Readings, gauge
from webhooks.models import Delivery, Dispatch

received = Counter("patchbay_deliveries_received_total", "Deliveries stored, repeated ones too", "source")
refused = Counter(
    "patchbay_deliveries_refused_total", "Webhook requests that were not accepted, by the problem", "code"
)
processed = Counter(
    "patchbay_deliveries_processed_total", "Tries to process a delivery, by the state it left it in", "source", "state"
)


@gauge("patchbay_deliveries_pending", "Deliveries stored and not yet processed", "source")
def pending() -> Readings:
    waiting = Delivery.objects.filter(state=Delivery.State.PENDING).values_list("source")
    for source, number in waiting.annotate(number=Count("pk")):
        yield (source,), number


@gauge("patchbay_outbox_waiting", "Events not yet handed to a sink", "sink")
def waiting() -> Readings:
    for sink, number in _undone().annotate(number=Count("pk")):
        yield (sink,), number


@gauge("patchbay_outbox_lag_seconds", "Age of the oldest event not yet handed to a sink", "sink")
def lag() -> Readings:
    now = timezone.now()
    for sink, oldest in _undone().annotate(oldest=Min("event__at")):
        yield (sink,), (now - oldest).total_seconds()


def _undone() -> Any:
    return Dispatch.objects.filter(done_at=None).values_list("sink")
