"""Unique events of Stripe, signed and spelled out as HTTP requests before any clock starts."""

import json
import secrets
from datetime import UTC, datetime

from integrations.sandbox.samples import sample
from integrations.sandbox.signing import sign

KIND = "payment_intent.succeeded"
PLACE = "the id of each event is written here"


def signed_requests(count: int, port: int) -> list[bytes]:
    """That many `POST /webhooks/stripe`, no two with the same event, as they go over the wire."""
    body = json.dumps({**sample("stripe", KIND), "id": PLACE}).encode()
    head, tail = body.split(PLACE.encode())
    run, now = secrets.token_hex(6), datetime.now(UTC)
    return [_request(head + f"evt_{run}{number:012}".encode() + tail, port, now) for number in range(count)]


def _request(body: bytes, port: int, now: datetime) -> bytes:
    headers = {
        "Host": f"127.0.0.1:{port}",
        "Accept": "*/*; q=0.5, application/xml",
        "Content-Length": str(len(body)),
        **sign("stripe", body, kind=KIND, now=now),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST /webhooks/stripe HTTP/1.1\r\n{lines}\r\n".encode() + body
