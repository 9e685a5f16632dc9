"""Unique events of Stripe, signed and spelled out as HTTP requests before any clock starts."""

import json
import secrets
import uuid
from datetime import UTC, datetime
from itertools import cycle, islice
from typing import Any

from integrations.sandbox.samples import sample
from integrations.sandbox.signing import sign

KIND = "payment_intent.succeeded"
PLACE = "the id of each event is written here"
PAYMENTS = 32  # in turn: what comes at once is about different ones, as in a shop, and none of it waits for the other


def payments() -> list[dict[str, Any]]:
    """The payments that events are about, as the vendor knows them."""
    usual = sample("stripe", KIND)["data"]["object"]
    return [
        {**usual, "id": f"pi_bench{number:02}", "metadata": {"attempt": str(uuid.UUID(int=number))}}
        for number in range(PAYMENTS)
    ]


def signed_requests(count: int, port: int, path: str = "/webhooks/stripe") -> list[bytes]:
    """That many posts to the path, no two with the same event, as they go over the wire."""
    now = datetime.now(UTC)
    # At random, as most vendors number: what is sorted would touch one page of an index again and again.
    names = (b"evt_" + secrets.token_hex(12).encode() for _ in range(count))
    around = islice(cycle([_around(payment) for payment in payments()]), count)
    return [_request(head + name + tail, port, path, now) for name, (head, tail) in zip(names, around, strict=True)]


def _around(payment: dict[str, Any]) -> tuple[bytes, bytes]:
    """An event about the payment, up to the event's id and after it."""
    body = json.dumps({**sample("stripe", KIND), "id": PLACE, "data": {"object": payment}}).encode()
    head, tail = body.split(PLACE.encode())
    return head, tail


def _request(body: bytes, port: int, path: str, now: datetime) -> bytes:
    headers = {
        "Host": f"127.0.0.1:{port}",
        "Accept": "*/*; q=0.5, application/xml",
        "Content-Length": str(len(body)),
        **sign("stripe", body, kind=KIND, now=now),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body
