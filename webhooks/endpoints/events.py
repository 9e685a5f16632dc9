"""What is published of endpoints themselves: `endpoint.failing`, `endpoint.disabled`, `endpoint.recovered`."""

from datetime import datetime
from typing import Annotated, TypedDict

from django.conf import settings
from django.urls import reverse

from webhooks.models import Endpoint
from webhooks.outbox.catalogue import MOMENT, declare
from webhooks.outbox.publishing import publish
from webhooks.outbox.shapes import Link, Moment


class Spoken(TypedDict):
    id: str
    url: Link
    description: str


class EndpointData(TypedDict):
    endpoint: Spoken
    failing_since: Annotated[Moment | None, "Since when no message has arrived."]
    failures: Annotated[int, "Tries in vain since then."]
    disabled_on: Annotated[Moment | None, "When it will be, or was, disabled."]
    reason: str
    manage_url: Link


EXAMPLE: EndpointData = {
    "endpoint": {"id": "ep_3f1d0a9b8e715d2e7b109c55", "url": "https://shop.example/hooks", "description": "Orders"},
    "failing_since": MOMENT.isoformat(),
    "failures": 12,
    "disabled_on": MOMENT.isoformat(),
    "reason": "It answered 500.",
    "manage_url": "https://patchbay.example/endpoints/ep_3f1d0a9b8e715d2e7b109c55",
}
FAILING = declare(
    "endpoint.failing", "Messages to a webhook endpoint fail; it will be disabled if that lasts.", EndpointData, EXAMPLE
)
DISABLED = declare(
    "endpoint.disabled", "A webhook endpoint was disabled: nothing is sent to it.", EndpointData, EXAMPLE
)
RECOVERED = declare(
    "endpoint.recovered",
    "A webhook endpoint that was failing takes messages again.",
    EndpointData,
    {**EXAMPLE, "failing_since": None, "failures": 0, "disabled_on": None, "reason": ""},
)


def failing(endpoint: Endpoint, reason: str, disabled_on: datetime) -> None:
    _publish(FAILING.name, endpoint, reason, disabled_on)


def disabled(endpoint: Endpoint, reason: str, now: datetime) -> None:
    _publish(DISABLED.name, endpoint, reason, now)


def recovered(endpoint: Endpoint) -> None:
    _publish(RECOVERED.name, endpoint, "", None)


def _publish(name: str, endpoint: Endpoint, reason: str, disabled_on: datetime | None) -> None:
    """Also a mail to the owner: these events have templates and a recipient."""
    data: EndpointData = {
        "endpoint": {"id": endpoint.uid, "url": endpoint.url, "description": endpoint.description},
        "failing_since": endpoint.failing_since.isoformat() if endpoint.failing_since else None,
        "failures": endpoint.failures,
        "disabled_on": disabled_on.isoformat() if disabled_on else None,
        "reason": reason,
        "manage_url": settings.PATCHBAY_URL + reverse("portal:endpoint", args=[endpoint.uid]),
    }
    owner = endpoint.owner
    publish(name, data, about=about(endpoint), user=owner.pk, recipient=owner.email)


def about(endpoint: Endpoint) -> str:
    """How events and timelines call an endpoint."""
    return f"endpoint:{endpoint.uid}"
