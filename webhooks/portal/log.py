"""An endpoint's log as pages show it: filtered, newest first, each message with its latest try."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils import timezone

from webhooks.endpoints.services import messages_of
from webhooks.models import Attempt, Endpoint, Message
from webhooks.outbox.catalogue import catalogue
from webhooks.portal import words
from webhooks.portal.figures import counts_of, figures_of

PAGE = 25


@dataclass(frozen=True)
class Line:
    """One message, its latest try, and when the next one is."""

    message: Message
    last: Attempt | None
    due: str

    @property
    def words(self) -> str:
        """What went wrong, where the answer's number does not say it all."""
        told = self.last is not None and self.last.code == f"status_{self.last.status}"
        return "" if told else self.message.error


def log_of(endpoint: Endpoint, request: HttpRequest) -> dict[str, Any]:
    """What a page about the endpoint's log shows, by `?state=`, `?type=` and `?before=` of the request."""
    now = timezone.now()
    state, name, before = (request.GET.get(field, "") for field in ("state", "type", "before"))
    # What is no state and no type filters nothing.
    wanted = {"state": state if state in Message.State.values else "", "type": name if name in catalogue() else ""}
    found = messages_of(endpoint, wanted["state"], wanted["type"]).select_related("endpoint")
    if before.isdecimal() and len(before) < 19:
        found = found.filter(pk__lt=int(before))
    rows = list(found[: PAGE + 1])
    older = urlencode({**wanted, "before": rows[PAGE - 1].pk}) if len(rows) > PAGE else ""
    return wanted | {
        "endpoint": endpoint,
        "standing": words.standing(endpoint, now),
        "resend": endpoint.resends.filter(created_at__gt=now - timedelta(days=1)).order_by("pk").last(),
        "figures": figures_of([endpoint], now)[endpoint.pk],
        "counts": counts_of(endpoint, now),
        "lines": _lines(rows[:PAGE], now),
        "older": f"?{older}" if older else "",
        "renewed": "fragment" in request.GET,
        "types": list(catalogue().values()),
    }


def _lines(messages: list[Message], now: datetime) -> list[Line]:
    last = _latest(messages)
    return [Line(one, last.get(one.pk), words.due(one, last.get(one.pk), now)) for one in messages]


def _latest(messages: Iterable[Message]) -> dict[int, Attempt]:
    tries = Attempt.objects.filter(message__in=[one.pk for one in messages]).order_by("number")
    return {one.message_id: one for one in tries.defer("request_headers", "response_headers", "response_body")}


def message_context(message: Message) -> dict[str, Any]:
    """What a page about one message shows: each try, the newest first, and when the next one is."""
    tries = list(message.log.order_by("-number"))
    last = tries[0] if tries else None
    return {
        "endpoint": message.endpoint,
        "message": message,
        "tries": tries,
        "last": last,
        "due": words.due(message, last, timezone.now()),
    }
