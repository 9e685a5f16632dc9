"""What the border announces, for staff: an event in the outbox, written with the incident it tells of."""

from typing import Annotated, Literal, TypedDict

from django.conf import settings
from django.urls import reverse

from integrations.causes import name_of
from integrations.incidents import Announcement, listen, title
from integrations.models import Incident
from integrations.ports import OPERATORS
from integrations.registry import all_providers
from webhooks.models import Source
from webhooks.outbox.catalogue import MOMENT, declare
from webhooks.outbox.publishing import publish
from webhooks.outbox.shapes import Link, Moment


class IncidentData(TypedDict):
    incident: int
    vendor: Annotated[str, "Its slug."]
    name: str
    title: str
    kind: Literal["down", "degraded", "late", "silent", "gap"]
    code: str
    cause: str
    remedy: Annotated[str, "What to do about it."]
    opened_at: Moment
    closed_at: Moment | None
    url: Link


EXAMPLE: IncidentData = {
    "incident": 1,
    "vendor": "example",
    "name": "Example",
    "title": "Example is down",
    "kind": "down",
    "code": "unreachable",
    "cause": "It does not answer.",
    "remedy": "Look at its status page.",
    "opened_at": MOMENT.isoformat(),
    "closed_at": None,
    "url": "https://patchbay.example/console/health/example",
}
DEGRADED = declare(
    "integration.degraded", "A vendor that we depend on is not well.", IncidentData, EXAMPLE, staff_only=True
)
RECOVERED = declare(
    "integration.recovered",
    "The vendor is well again.",
    IncidentData,
    {**EXAMPLE, "title": "Example is well again", "closed_at": MOMENT.isoformat()},
    staff_only=True,
)


@listen
def publish_to_staff(announcement: Announcement) -> None:
    """`integration.degraded` or `integration.recovered`, to the staff's stream and the operators' mail."""
    incident = announcement.incident
    publish(announcement.name, _data(incident), about=f"vendor:{incident.vendor}", recipient=OPERATORS)


def _data(incident: Incident) -> dict[str, object]:
    return {
        "incident": incident.pk,
        "vendor": incident.vendor,
        "name": name_of(incident.vendor),
        "title": title(incident),
        "kind": incident.kind,
        "code": incident.code,
        "cause": incident.cause,
        "remedy": incident.remedy,
        "opened_at": incident.opened_at.isoformat(),
        "closed_at": incident.closed_at.isoformat() if incident.closed_at else None,
        "url": settings.PATCHBAY_URL + _page_of(incident.vendor),
    }


def _page_of(vendor: str) -> str:
    if vendor in all_providers():
        return reverse("webhooks:console_vendor", args=[vendor])
    if Source.objects.filter(slug=vendor).exists():
        return reverse("webhooks:console_source", args=[vendor])
    return reverse("webhooks:console_health")
