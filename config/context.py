"""What every page knows: whether this is the sandbox, and where it is."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def patchbay(_request: HttpRequest) -> dict[str, Any]:
    return {"sandbox": settings.PATCHBAY_SANDBOX, "sandbox_url": settings.SANDBOX_URL}


def environment(_request: HttpRequest) -> list[str] | None:
    """What the admin shows beside its title."""
    return ["Sandbox: no money moves, no mail leaves", "warning"] if settings.PATCHBAY_SANDBOX else None
