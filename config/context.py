"""What every page knows: whether this is the sandbox, where it is, and what of the page is not of this moment."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from integrations.http.lastgood import stale_age, stale_vendors
from integrations.registry import all_providers


def patchbay(_request: HttpRequest) -> dict[str, Any]:
    return {"sandbox": settings.PATCHBAY_SANDBOX, "sandbox_url": settings.SANDBOX_URL, "stale": stale_words}


def environment(_request: HttpRequest) -> list[str] | None:
    """What the admin shows beside its title."""
    return ["Sandbox: no money moves, no mail leaves", "warning"] if settings.PATCHBAY_SANDBOX else None


def stale_words() -> str:
    """What to say of the last good answers on this page; empty when there are none."""
    age = stale_age()
    if age is None:
        return ""
    names = [all_providers()[slug].name if slug in all_providers() else slug for slug in stale_vendors()]
    who = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    verb = "does" if len(names) == 1 else "do"
    return f"Some of this is from {_ago(age)}: {who} {verb} not answer right now."


def _ago(age: timedelta) -> str:
    for seconds, unit in ((3600, "hour"), (60, "minute")):
        if count := int(age.total_seconds() // seconds):
            return f"{count} {unit}s ago" if count > 1 else f"{'an' if unit == 'hour' else 'a'} {unit} ago"
    return "a moment ago"
