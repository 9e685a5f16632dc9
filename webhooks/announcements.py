"""What the border announces, for staff: an event in the outbox, written with the incident it tells of."""

from typing import Any

from django.conf import settings
from django.urls import reverse

from integrations.causes import name_of
from integrations.incidents import Announcement, listen, title
from integrations.models import Incident
from integrations.ports import OPERATORS
from integrations.registry import all_providers
from webhooks.outbox import publish


@listen
def publish_to_staff(announcement: Announcement) -> None:
    """`integration.degraded` or `integration.recovered`, to the staff's stream and the operators' mail."""
    incident = announcement.incident
    publish(announcement.name, _data(incident), about=f"vendor:{incident.vendor}", recipient=OPERATORS)


def _data(incident: Incident) -> dict[str, Any]:
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
    known = vendor in all_providers()
    return reverse("webhooks:console_vendor", args=[vendor]) if known else reverse("webhooks:console_health")
