"""Carrying out what was ordered to be sent again: in short steps, each a transaction, that go on where one died."""

import time

import structlog
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from webhooks.endpoints.events import about
from webhooks.endpoints.subscriptions import matches
from webhooks.models import Endpoint, Message, OutboxEvent, Resend
from webhooks.tasks import wake_resend, wake_send

log = structlog.get_logger("endpoints")

SECONDS = 2.0  # of work at a time: others wait for this thread
STEP = 500  # messages in one transaction
WINDOW = 2000  # events that one step looks at: on SQLite a transaction keeps all other writers waiting
ORDERS = 10  # that have a step each between two looks at the clock
END = 2**63 - 1  # after every id
AGAIN = {"state": Message.State.WAITING, "tries": 0, "done_at": None, "error": ""}


def take_turn() -> int:
    """Steps of a few open orders at a time, drawn by chance, for a while; returns how many messages were queued."""
    end, queued = time.monotonic() + SECONDS, 0
    open_ones = Resend.objects.filter(finished_at=None).order_by("?").values_list("pk", flat=True)
    while orders := list(open_ones[:ORDERS]):
        steps = [_step(pk) for pk in orders]
        queued += sum(step or 0 for step in steps)
        if all(step is None for step in steps):
            break  # others are at them
        if time.monotonic() >= end:
            wake_resend()
            break
    return queued


@transaction.atomic
def _step(pk: int) -> int | None:
    """Queue the next few messages of an order; None when it is finished or somebody else is at it."""
    open_ones = Resend.objects.filter(pk=pk, finished_at=None)
    order = open_ones.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked).first()
    if order is None:
        return None
    enabled = order.endpoint.state != Endpoint.State.DISABLED
    queued = _again(order) or _missed(order) if enabled else 0
    order.messages += queued
    if not enabled or (not queued and order.event >= order.last_event):
        order.finished_at = timezone.now()
        log.info("endpoint.resent", endpoint=order.endpoint.uid, resend=order.pk, messages=order.messages)
    order.save(update_fields=["messages", "message", "event", "finished_at"])
    if queued:
        transaction.on_commit(wake_send)
    return queued


def _again(order: Resend) -> int:
    """Have the next of those that have ended begin anew."""
    rows = ended(order).filter(pk__gt=order.message).order_by("pk")
    # In order, as recorders lock them.
    keys = [row.pk for row in rows.select_for_update(of=("self",)).only("pk")[:STEP]]
    # Once through the log and never again: what is queued by this order itself is not what it is about.
    order.message = keys[-1] if keys else END
    if keys:
        Message.objects.filter(pk__in=keys).update(due_at=timezone.now(), **AGAIN)
    return len(keys)


def _missed(order: Resend) -> int:
    """Write the messages that there never were, of the next window of events."""
    endpoint, end = order.endpoint, min(order.event + WINDOW, order.last_event)
    events = missed(order).filter(pk__lte=end).order_by("pk")
    fresh = [
        Message(endpoint=endpoint, event=event, uid=event.uid, name=event.name)
        for event in events
        if takes(endpoint, event)
    ]
    Message.objects.bulk_create(fresh, ignore_conflicts=True)
    order.event = end
    return len(fresh)


def ended(order: Resend) -> QuerySet[Message]:
    """The messages that the order is about and that have come to their end.

    Whose event is older than the order is told by its id: the clocks of those who order and who record may differ.
    """
    states = [Message.State.FAILED] + ([Message.State.DELIVERED] if order.delivered_too else [])
    return order.endpoint.messages.filter(state__in=states, event__at__gte=order.since, event__lte=order.last_event)


def missed(order: Resend) -> QuerySet[OutboxEvent]:
    """The events that are left to be looked at and that the endpoint may be told of and was not, whether or not it is
    subscribed to them.
    """
    endpoint = order.endpoint
    left: QuerySet[OutboxEvent] = OutboxEvent.objects.filter(pk__gt=order.event, pk__lte=order.last_event)
    if not (endpoint.all_users and endpoint.owner.is_staff):
        left = left.filter(user=endpoint.owner)
    known = Message.objects.filter(endpoint=endpoint, uid=OuterRef("uid"))
    # What has not been relayed yet comes by itself, and in its turn.
    relayed = Q(dispatches__sink="endpoints", dispatches__done_at__isnull=False)
    return left.filter(relayed, ~Exists(known), at__gte=order.since).defer("data")


def takes(endpoint: Endpoint, event: OutboxEvent) -> bool:
    """Whether the endpoint is subscribed to the event, and not spoken of by it."""
    return matches(endpoint.events, event.name) and event.about != about(endpoint)
