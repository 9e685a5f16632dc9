"""What Prometheus is told of deliveries and of the outbox."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, Min
from django.utils import timezone

from integrations.metrics import Counter, Histogram, Readings, gauge
from webhooks.endpoints import pace
from webhooks.models import Delivery, Dispatch, Endpoint, Message

PATIENCE = timedelta(seconds=5)  # longer than what is ready is left alone by a sender that is well

received = Counter("patchbay_deliveries_received_total", "Deliveries stored, repeated ones too", "source")
refused = Counter(
    "patchbay_deliveries_refused_total", "Webhook requests that were not accepted, by the problem", "code"
)
forged = Counter("patchbay_deliveries_forged_total", "Requests that pretended to be a source", "source")
forgeries_lost = Counter(
    "patchbay_forgery_records_lost_total", "Forged requests that are in no row, because none could be written", "source"
)
processed = Counter(
    "patchbay_deliveries_processed_total", "Tries to process a delivery, by the state it left it in", "source", "state"
)
unknown = Counter("patchbay_deliveries_unknown_total", "Deliveries of a kind we do not know, set aside", "source")

attempts = Counter(
    "patchbay_endpoint_attempts_total", "Tries at customers' endpoints, `ok` or the error's code", "outcome"
)
attempt_seconds = Histogram(
    "patchbay_endpoint_attempt_seconds",
    "How long tries at customers' endpoints took",
    "outcome",
    bounds=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20),
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


@gauge("patchbay_endpoint_messages_overdue", "Messages to endpoints that are enabled, due and not yet sent")
def overdue() -> Readings:
    yield (), _overdue().count()


@gauge("patchbay_endpoint_messages_held", "Messages due and kept back by what their endpoint asked for", "by")
def held() -> Readings:
    yield ("order",), _due(ordered=True).count()
    yield ("rate",), _due(rate__isnull=False).count()


@gauge("patchbay_endpoint_lag_seconds", "How long the message that is overdue most has been")
def endpoint_lag() -> Readings:
    if oldest := _overdue().aggregate(oldest=Min("due_at"))["oldest"]:
        yield (), (timezone.now() - oldest).total_seconds()


@gauge("patchbay_endpoints", "Customers' endpoints, by state", "state")
def endpoints() -> Readings:
    for state, number in Endpoint.objects.values_list("state").annotate(number=Count("pk")):
        yield (state,), number


def _overdue() -> Any:
    # Where an order is kept, or a rate that somebody sees to, many may wait: that is no fault of the sender's.
    return _due(pace.neglected(timezone.now(), PATIENCE), ordered=False)


def _due(*which: Any, **fields: Any) -> Any:
    enabled = Endpoint.objects.filter(*which, state=Endpoint.State.ENABLED, **fields)
    return Message.objects.filter(state=Message.State.WAITING, due_at__lt=timezone.now(), endpoint__in=enabled)
