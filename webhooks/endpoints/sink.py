"""The sink that queues an event for every endpoint that is to be told of it."""

from django.db.models import Q

from integrations.ports import Event
from integrations.wake import after_commit
from webhooks.endpoints.events import about
from webhooks.endpoints.subscriptions import matches
from webhooks.models import Endpoint, Message, OutboxEvent
from webhooks.tasks import wake_send


def queue(event: Event) -> None:
    """Write one message for each endpoint of the event's person, and of staff who are told of everybody's."""
    endpoints = [endpoint for endpoint in listeners(event) if takes(endpoint, event.name, event.about)]
    if not endpoints:
        return
    _in_turn(endpoints)
    row = OutboxEvent.objects.only("pk").get(uid=event.id)
    # The same event again changes nothing: (endpoint, uid) is unique.
    Message.objects.bulk_create(
        (Message(endpoint=endpoint, event=row, uid=event.id, name=event.name) for endpoint in endpoints),
        ignore_conflicts=True,
    )
    after_commit(wake_send)


def listeners(event: Event) -> list[Endpoint]:
    """The endpoints that may be told of this person's events and have not been disabled."""
    found = Endpoint.objects.filter(Q(owner=event.user) | Q(all_users=True)).exclude(state=Endpoint.State.DISABLED)
    return [endpoint for endpoint in found.select_related("owner").order_by("pk") if _may_hear(endpoint, event.user)]


def _may_hear(endpoint: Endpoint, user: int | None) -> bool:
    """What was allowed when it was asked for may not be any more."""
    owner = endpoint.owner
    return owner.is_active and (owner.pk == user or (owner.is_staff and endpoint.all_users))


def takes(endpoint: Endpoint, name: str, subject: str) -> bool:
    """Whether it is subscribed. None is told of its own failing: that would only fail again."""
    return matches(endpoint.events, name) and subject != about(endpoint)


def _in_turn(endpoints: list[Endpoint]) -> None:
    """Numbers are given before a commit: only one at a time may queue for an endpoint whose order counts."""
    ordered = [endpoint.pk for endpoint in endpoints if endpoint.ordered]
    if ordered:
        list(Endpoint.objects.filter(pk__in=ordered).order_by("pk").select_for_update().values_list("pk"))
