"""What was fetched goes the way of whatever arrives: the source's rules, deduplication, processing."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from integrations.correlation import request_id
from integrations.ports import Kept
from webhooks.inbox import rules
from webhooks.inbox.insertion import insert
from webhooks.models import Delivery, Gap
from webhooks.tasks import wake_drain

MARK = "x-patchbay-recovered"
# Credentials, ours or the vendor's; and those of one transmission, which was another than this.
LEFT_OUT = frozenset({"authorization", "cookie", "proxy-authorization", "content-length", "host"})


@dataclass(frozen=True)
class Fetched:
    """A gap and what fills it."""

    gap: Gap
    kept: Kept


def store(source: str, fetched: Sequence[Fetched]) -> int:
    """Store what was fetched, oldest first; returns how many had not arrived by now."""
    stored = sum(_store(source, wave) for wave in waves(fetched))
    if stored:
        wake_drain()
    return stored


def waves(fetched: Sequence[Fetched]) -> Iterator[list[Fetched]]:
    """In each wave one of an object, in the order in which they were sent.

    Deliveries stored at once are in no order among themselves, and an object's are processed in that of storing.
    """
    ahead: dict[str, int] = defaultdict(int)
    found: dict[int, list[Fetched]] = defaultdict(list)
    for item in sorted(fetched, key=lambda item: (item.gap.sent_at, -item.gap.pk)):
        key = item.kept.delivery.object_key
        found[ahead[key] if key else 0].append(item)
        ahead[key] += 1
    return (found[number] for number in sorted(found))


def _store(source: str, wave: Sequence[Fetched]) -> int:
    current = rules.current()
    ids = [item.kept.delivery.external_id for item in wave]
    with transaction.atomic():
        came = set(_called(source, ids).values_list("external_id", flat=True))
        insert(current.applied([_row(source, item) for item in wave]))
        keys = dict(_called(source, ids).values_list("external_id", "pk"))
        for item in wave:
            identifier = item.kept.delivery.external_id
            item.gap.outcome = Gap.Outcome.ARRIVED if identifier in came else Gap.Outcome.RECOVERED
            item.gap.delivery_id = None if identifier in came else keys[identifier]
        Gap.objects.bulk_update([item.gap for item in wave], ["outcome", "delivery_id"])
    return len(ids) - len(came)


def _called(source: str, ids: Sequence[str]) -> QuerySet[Delivery]:
    return Delivery.objects.filter(source=source, external_id__in=ids)


def _row(source: str, item: Fetched) -> tuple[object, ...]:
    delivery, now = item.kept.delivery, timezone.now()
    headers = {name: value for name, value in item.kept.headers.items() if name not in LEFT_OUT and "\x00" not in value}
    headers[MARK] = f"sent {item.gap.sent_at.isoformat()}, search {item.gap.search_id}"
    return (
        source,
        delivery.external_id,
        delivery.kind,
        delivery.object_key,
        json.dumps(headers),
        delivery.body,
        request_id(),
        now,
    )
