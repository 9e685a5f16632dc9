"""What goes over the wire: a message's body and headers, and what came of sending them."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from integrations.vault import Unreadable
from webhooks.endpoints import keys
from webhooks.models import Endpoint, Message

UNSIGNED, UNPACKED = "unsigned", "unpacked"
AGENT = "Patchbay-Webhooks/1 (+https://www.standardwebhooks.com)"


@dataclass(frozen=True)
class Parcel:
    """One try, ready to be sent, unless there is a `problem` that keeps it here, and its `code`.

    `number` is the claim it was made under, and the fence of what comes of it.
    """

    message: int
    endpoint: int
    owner: int
    number: int
    tries: int
    is_test: bool
    failing: bool
    request_id: str
    url: str
    headers: dict[str, str]
    body: bytes = field(repr=False)
    code: str = ""
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one try: `code` is empty for a success, else a word for programs; `words` are for people."""

    parcel: Parcel
    at: datetime
    ms: float = 0.0
    status: int | None = None
    code: str = ""
    words: str = ""
    address: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    asked: float | None = None

    @property
    def ok(self) -> bool:
        return not self.code

    @property
    def is_ours(self) -> bool:
        """Whether it failed by a fault of ours: that says nothing of the endpoint, and stays as it is."""
        return self.code == UNPACKED


def pack(message: Message, now: datetime) -> Parcel:
    """The try that a claimed message is due for, signed now."""
    body, headers = body_of(message), _headers(str(message.uid), now)
    try:
        headers["webhook-signature"] = keys.sign(message.endpoint, str(message.uid), now, body)
    except Unreadable:
        return _parcel(message, headers, body, UNSIGNED, "Its signing secret cannot be read any more: rotate it.")
    return _parcel(message, headers, body)


def unpacked(message: Message, error: Exception) -> Parcel:
    """The try that a claimed message was due for, and that `pack` could not make."""
    words = f"We could not put it into a request ({type(error).__name__}): our fault. Once it is mended, send it again."
    return _parcel(message, {"webhook-id": str(message.uid)}, b"", UNPACKED, words)


def _parcel(message: Message, headers: dict[str, str], body: bytes, code: str = "", problem: str = "") -> Parcel:
    endpoint = message.endpoint
    return Parcel(
        message=message.pk,
        endpoint=endpoint.pk,
        owner=endpoint.owner_id,
        number=message.attempts,
        tries=message.tries,
        is_test=message.is_test,
        failing=endpoint.failing_since is not None,
        request_id=message.event.request_id if message.event else "",
        url=endpoint.url,
        headers=headers,
        body=body,
        code=code,
        problem=problem,
    )


def unsent(parcel: Parcel) -> Outcome:
    """What came of one that could not even be sent."""
    return Outcome(parcel=parcel, at=timezone.now(), code=parcel.code, words=parcel.problem)


def body_of(message: Message) -> bytes:
    """The body, the same in every try: `{type, timestamp, data}`, and `test` where it is one."""
    event = message.event
    at = event.at if event else message.created_at
    content: dict[str, Any] = {"type": message.name, "timestamp": at.isoformat(), "data": _data(message)}
    if message.is_test:
        content["test"] = True
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def _data(message: Message) -> Any:
    if message.endpoint.payload == Endpoint.Payload.THIN:
        return {"id": str(message.uid), "url": settings.PATCHBAY_URL + _page_of(message)}
    return message.event.data if message.event else message.sample


def _page_of(message: Message) -> str:
    if message.is_test:
        return reverse("api-event-type", args=[message.name])
    return reverse("api-event", args=[message.uid])


def _headers(identifier: str, now: datetime) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "User-Agent": AGENT,
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "webhook-id": identifier,
        "webhook-timestamp": str(int(now.timestamp())),
    }
