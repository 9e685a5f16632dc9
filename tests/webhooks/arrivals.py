"""Deliveries for tests, stored the way the door stores them."""

import json
from datetime import datetime
from itertools import count
from typing import Any

from django.utils import timezone

from webhooks.inbox import rules
from webhooks.inbox.insertion import insert
from webhooks.models import Delivery

_numbers = count(1)


def arrive(
    kind: str = "push",
    body: bytes = b"{}",
    *,
    source: str = "github",
    external_id: str = "",
    object_key: str = "",
    headers: dict[str, str] | None = None,
    request_id: str = "",
    received_at: datetime | None = None,
    **fields: Any,
) -> Delivery:
    """Store one delivery; `fields` are columns to set afterwards, such as `state`."""
    identifier = external_id or f"d-{next(_numbers)}"
    moment = received_at or timezone.now()
    row = (source, identifier, kind, object_key, json.dumps(headers or {}), body, request_id, moment)
    insert(rules.current().applied([row]))
    stored = Delivery.objects.get(source=source, external_id=identifier)
    if fields:
        Delivery.objects.filter(pk=stored.pk).update(**fields)
        stored.refresh_from_db()
    return stored
