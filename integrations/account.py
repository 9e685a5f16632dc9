"""What a vendor says of our account with it, for staff: a balance, what is left of a quota, what a key may do."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.cache import cache

from integrations.contract import Provider
from integrations.errors import CircuitOpen, IntegrationError, NotConfigured, Permanent
from integrations.http.lastgood import CACHE_IS_DOWN, Known, instead, known, recall
from integrations.http.state import state_of
from integrations.http.states import Mode, State
from integrations.registry import all_providers

# A page that is reloaded does not ask the vendor again within the first; nothing older than the second is shown.
NEW = timedelta(minutes=1)
OLDEST = timedelta(hours=6)
REFUSED, SILENT = "refused", "silent"


@dataclass(frozen=True)
class Account:
    """Labels with their values, in words for people, and how long ago the vendor said so."""

    rows: tuple[tuple[str, str], ...]
    age: timedelta


def account_of(slug: str) -> Account:
    """The account at the vendor `slug`, from memory while it does not answer; while it is left alone nobody asks it.

    `NotConfigured`: it has none to show. `Retryable`, `Permanent`: it did not say, and nothing is remembered.
    """
    provider = all_providers().get(slug)
    if provider is None or not provider.configured or not provider.tells_account:
        raise NotConfigured(f"{slug!r} tells nothing of an account")
    said = recall(slug, "account", "staff", NEW)
    if said is None:
        said = _remembered(slug) if _left_alone(slug) else _ask(slug, provider)
    return Account(said.answer, said.age)


def _left_alone(slug: str) -> bool:
    """Whether not to ask: calls are not let out freely, or it failed to say within the last minute."""
    circuit = state_of(slug).look()
    if circuit.mode == Mode.OPEN or (circuit.mode == Mode.AUTO and circuit.state != State.CLOSED):
        return True
    return _last_failure(slug) is not None


def _remembered(slug: str) -> Known[Any]:
    if _last_failure(slug) == REFUSED:
        raise Permanent(f"{slug} has just refused to tell")
    if said := instead(slug, "account", "staff", OLDEST):
        return said
    raise CircuitOpen(f"{slug} is left alone, and nothing is remembered of the account there")


def _ask(slug: str, provider: Provider) -> Known[Any]:
    try:
        said = known(slug, "account", "staff", OLDEST, lambda: tuple(provider.read_account()))
    except IntegrationError as error:
        _note_failure(slug, REFUSED if isinstance(error, Permanent) else SILENT)
        raise
    if said.stale:
        _note_failure(slug, SILENT)
    return said


def _last_failure(slug: str) -> str | None:
    try:
        found: str | None = cache.get(_failed(slug))
    except CACHE_IS_DOWN:
        return None
    return found


def _note_failure(slug: str, how: str) -> None:
    with suppress(*CACHE_IS_DOWN):  # then it is asked again sooner
        cache.set(_failed(slug), how, NEW.total_seconds())


def _failed(slug: str) -> str:
    return f"account-failed:{slug}"
