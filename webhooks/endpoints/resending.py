"""Sending again: one message, or everything since a time that did not arrive."""

from datetime import datetime, timedelta
from itertools import islice

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Max, Min
from django.utils import timezone

from webhooks.endpoints.problems import at_field, not_enabled
from webhooks.endpoints.requeueing import AGAIN, ended, missed, takes
from webhooks.models import Endpoint, Message, OutboxEvent, Resend
from webhooks.tasks import wake_resend, wake_send

log = structlog.get_logger("endpoints")

MOST_COUNTED = 10_000
MARGIN = timedelta(minutes=5)  # by which no clock of ours is off


def resend(message: Message) -> Message:
    """Send one message again, whatever became of it: the same webhook-id, the schedule from its beginning."""
    _require_not_disabled(message.endpoint)
    Message.objects.filter(pk=message.pk).update(due_at=timezone.now(), **AGAIN)
    transaction.on_commit(wake_send)
    message.refresh_from_db()
    log.info("message.resent", endpoint=message.endpoint.uid, message=str(message.uid))
    return message


def resend_since(endpoint: Endpoint, since: datetime, *, delivered_too: bool = False) -> Resend:
    """Order that everything is sent again that happened since then and did not arrive: what failed, and what was never
    queued because the endpoint was disabled, or not there, or not subscribed then. A worker queues it soon.

    With `delivered_too` also what did arrive: for a receiver that has lost it.
    """
    order = _order(endpoint, since, delivered_too)
    order.save()
    transaction.on_commit(wake_resend)
    log.info("endpoint.resend", endpoint=endpoint.uid, since=since.isoformat(), resend=order.pk)
    return order


def count_since(endpoint: Endpoint, since: datetime, *, delivered_too: bool = False) -> int:
    """How many messages `resend_since` would queue now, counted no further than `MOST_COUNTED`."""
    order = _order(endpoint, since, delivered_too)
    events = (event for event in missed(order).order_by("pk").iterator() if takes(endpoint, event))
    again = ended(order)[:MOST_COUNTED].count()
    return again + sum(1 for _ in islice(events, MOST_COUNTED - again))


def _order(endpoint: Endpoint, since: datetime, delivered_too: bool) -> Resend:
    _require_not_disabled(endpoint)
    if since < timezone.now() - timedelta(days=settings.ENDPOINT_LOG_DAYS):
        raise at_field("since", f"Nothing older than {settings.ENDPOINT_LOG_DAYS:g} days is sent again.")
    outbox = OutboxEvent.objects.aggregate(first=Min("pk"), last=Max("pk"))
    begin = _last_before(since) or (outbox["first"] or 1) - 1
    end = outbox["last"] or 0
    return Resend(endpoint=endpoint, since=since, delivered_too=delivered_too, event=begin, last_event=end)


def _last_before(since: datetime) -> int | None:
    """The id up to which no event is of that time or later; found by the index of times.

    Ids and times rise together, but for what clocks differ and writers wait.
    """
    earlier = OutboxEvent.objects.filter(at__lt=since - MARGIN).order_by("-at")
    return earlier.values_list("pk", flat=True).first()


def _require_not_disabled(endpoint: Endpoint) -> None:
    if endpoint.state == Endpoint.State.DISABLED:
        raise not_enabled(endpoint)
