"""What staff are told of gaps: an incident, opened by many or by a list that is refused, closed by a clean search."""

from datetime import datetime
from typing import Protocol

from django.conf import settings

from integrations.causes import code_of, words
from integrations.errors import IntegrationError, Permanent
from integrations.incidents import settle
from integrations.models import Incident
from webhooks.models import Search

KIND = Incident.Kind.GAP
PATIENCE = 5  # failures in a row: for as long, a vendor that does not answer is the watch's business


def tell_result(search: Search, now: datetime) -> None:
    """Open the incident for many gaps, close it when there are none; a few change nothing."""
    if search.missing == 0:
        settle(search.source, KIND, "gap", None, now)
    elif search.missing >= settings.HEAL_TELL_FROM or search.lost:
        said = words(search.source, "gap", missing=str(search.missing), fate=fate(search), webhook=_webhook(search))
        settle(search.source, KIND, "gap", said, now)


def tell_failure(search: Search, error: IntegrationError, failures: int, now: datetime) -> None:
    """Open the incident when the list cannot be had: at once where waiting does not help."""
    if isinstance(error, Permanent) or failures >= PATIENCE:
        code = code_of(error)
        settle(search.source, KIND, code, words(search.source, code), now)


class Figures(Protocol):
    """Whatever counts gaps."""

    missing: int
    recovered: int
    lost: int


def fate(search: Figures) -> str:
    """What became of what was missing, in words."""
    left = search.missing - search.recovered - search.lost
    parts = [f"{search.recovered} recovered"]
    parts += [f"{search.lost} cannot be"] if search.lost else []
    parts += [f"{left} still to be fetched"] if left > 0 else []
    return ", ".join(parts)


def _webhook(search: Search) -> str:
    return f"{settings.PATCHBAY_URL}/webhooks/{search.source}"
