"""A sample request tried on a source, as the door would take it: nothing is stored, counted or told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.contract import Delivery, Inbound
from integrations.errors import IntegrationError
from webhooks.models import Source
from webhooks.sources.custom import Custom
from webhooks.sources.events import storable
from webhooks.sources.snapshot import opened


@dataclass(frozen=True)
class Trial:
    """Whether it would be taken; `code` and `why` say why not. `events` is what it says, genuine or not."""

    verified: bool
    code: str
    why: str
    events: list[dict[str, Any]]


def try_out(row: Source, headers: Mapping[str, str], body: bytes, now: datetime, address: str) -> Trial:
    """What the door would make of it at `now`, coming from `address`."""
    source = opened(row)
    if source is None:
        return Trial(False, "not_configured", "the settings of this source cannot be understood", [])
    inbound = Inbound(body=body, headers={k.lower(): v for k, v in headers.items()}, now=now, address=address)
    code, why = _refusal(source, inbound)
    events, unreadable = _events(source, inbound)
    return Trial(not code, code or unreadable[0], why or unreadable[1], events)


def _refusal(source: Custom, inbound: Inbound) -> tuple[str, str]:
    try:
        source.scheme.require(inbound, source.live_secrets(inbound.now))
    except IntegrationError as error:
        return error.code, str(error)
    return "", ""


def _events(source: Custom, inbound: Inbound) -> tuple[list[dict[str, Any]], tuple[str, str]]:
    try:
        found = source.read(inbound)
    except IntegrationError as error:
        return [], (error.code, str(error))
    events = [_event(source, delivery) for delivery in found]
    try:
        for delivery in found:
            storable(delivery)
    except IntegrationError as error:
        return events, (error.code, str(error))
    return events, ("", "")


def _event(source: Custom, delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.external_id[:300],
        "type": delivery.kind[:300],
        "object_key": delivery.object_key[:300],
        "ignored": not source.knows(delivery.kind),
    }
