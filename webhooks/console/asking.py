"""Who asks, and what for: what the operators' pages have in common."""

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from webhooks.care.audit import Person, Via
from webhooks.care.language import written


def search_of(given: Mapping[str, Any]) -> str:
    """The search that an address carries: `q`, and the fields of addresses that were given out before there was one."""
    parts = [given.get("q", "")] + [written(name, given[name]) for name in ("source", "state") if given.get(name)]
    return " ".join(filter(None, (part.strip() for part in parts)))


def address_of(search: str) -> str:
    """Where the deliveries of this search are shown."""
    listing = reverse("webhooks:console_deliveries")
    return f"{listing}?{urlencode({'q': search})}" if search else listing


def person_of(request: HttpRequest) -> Person:
    """Whoever is at the page."""
    user = cast(Any, request.user)
    return Person(user.email, Via.CONSOLE, user.pk)


def number(text: str) -> int | None:
    """A delivery's number; None for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def numbers(texts: list[str]) -> tuple[int, ...]:
    """Those of the texts that are numbers of deliveries."""
    return tuple(found for text in texts if (found := number(text)) is not None)
