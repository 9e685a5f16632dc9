"""Many different webhooks of one vendor, ordered from the sandbox on one occasion."""

import secrets
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from integrations.sandbox.samples import renewed, sample

KINDS = {"stripe": "payment_intent.succeeded", "github": "push", "paypal": "PAYMENT.CAPTURE.COMPLETED"}


def payloads(source: str, count: int) -> list[Any]:
    """`count` payloads about objects of their own."""
    return [_payload(source) for _ in range(count)]


def _payload(source: str) -> Any:
    payload = deepcopy(renewed(source, sample(source, KINDS[source]), datetime.now(UTC)))
    token = secrets.token_hex(8)
    if source == "stripe":
        payload["data"]["object"]["id"] = f"pi_{token}"
    elif source == "github":
        payload["after"] = secrets.token_hex(20)
        payload["repository"]["full_name"] = f"patchbay-example/{token}"
    else:
        payload["resource"]["id"] = token.upper()
        payload["resource"]["supplementary_data"] = {"related_ids": {"order_id": token.upper()}}
    return payload
