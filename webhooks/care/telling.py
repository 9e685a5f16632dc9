"""A delivery as programs are told of it: one object, the same on the command line, in the API and in exports."""

from typing import Any

from integrations.masking import masked
from webhooks.care import viewing
from webhooks.inbox.contents import Content
from webhooks.models import Delivery

NARROW = (
    "id", "source", "external_id", "kind", "object_key", "state", "attempts", "received_at", "handled_at",
    "request_id", "error",
)  # fmt: skip


def narrow(delivery: Delivery) -> dict[str, Any]:
    """The delivery without what it came with; times as ISO 8601 in UTC, the error as its last line."""
    told = {name: getattr(delivery, name) for name in NARROW}
    told["received_at"] = delivery.received_at.isoformat()
    told["handled_at"] = delivery.handled_at.isoformat() if delivery.handled_at else None
    return told | {"error": delivery.reason}


def whole(delivery: Delivery, content: Content | None) -> dict[str, Any]:
    """The same with headers and body, masked; both null once they are no longer kept."""
    body = masked(content.body, viewing.LONGEST) if content else None
    return narrow(delivery) | {"headers": dict(viewing.headers(content)) if content else None, "body": body}
