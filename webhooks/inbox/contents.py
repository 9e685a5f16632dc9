"""What a delivery came with: its raw bytes and headers, for as long as its source's are kept."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from webhooks.models import Contents, Delivery


@dataclass(frozen=True)
class Content:
    """The body as it came, byte for byte but for what is redacted, and the headers by lower-case name.

    Credentials among the headers are left out.
    """

    body: bytes
    headers: Mapping[str, str]


def content_of(delivery: Delivery) -> Content | None:
    """What it came with; None once that is no longer kept."""
    return contents_of([delivery]).get(delivery.pk)


def contents_of(deliveries: Iterable[Delivery]) -> dict[int, Content]:
    """What each came with, by the delivery's key; one query for all of them."""
    days = {row.pk: row.expires_on for row in deliveries}
    found = _read(days)
    if missing := days.keys() - found.keys():
        # What is not finished when its day comes is kept for longer: it may have moved since these rows were read.
        today = dict(Delivery.objects.filter(pk__in=missing).values_list("pk", "expires_on"))
        found |= _read({key: day for key, day in today.items() if day != days[key]})
    return found


def kept_among(deliveries: Iterable[Delivery]) -> set[int]:
    """The keys of those whose contents are still kept, without reading them."""
    return set(_kept({row.pk: row.expires_on for row in deliveries}).values_list("delivery_id", flat=True))


def _read(days: Mapping[int, date]) -> dict[int, Content]:
    rows = _kept(days).values_list("delivery_id", "body", "headers")
    return {key: Content(bytes(body), headers) for key, body, headers in rows}


def _kept(days: Mapping[int, date]) -> QuerySet[Contents]:
    # The days name the partitions: no other is looked into.
    return Contents.objects.filter(expires_on__in=set(days.values()), delivery_id__in=list(days))
