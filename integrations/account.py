"""What a vendor says of our account with it, for staff: a balance, what is left of a quota, what a key may do."""

from dataclasses import dataclass
from datetime import timedelta

from integrations.errors import NotConfigured
from integrations.http.lastgood import known, recall
from integrations.registry import all_providers

# A page that is reloaded does not ask the vendor again within the first; nothing older than the second is shown.
NEW = timedelta(minutes=1)
OLDEST = timedelta(hours=6)


@dataclass(frozen=True)
class Account:
    """Labels with their values, in words for people, and how long ago the vendor said so."""

    rows: tuple[tuple[str, str], ...]
    age: timedelta


def account_of(slug: str) -> Account:
    """The account at the vendor `slug`, from memory while it does not answer.

    `NotConfigured`: it has none to show. `Retryable`, `Permanent`: it did not say, and nothing is remembered.
    """
    provider = all_providers().get(slug)
    if provider is None or not provider.configured or not provider.tells_account:
        raise NotConfigured(f"{slug!r} tells nothing of an account")
    said = recall(slug, "account", "staff", NEW) or known(
        slug, "account", "staff", OLDEST, lambda: tuple(provider.read_account())
    )
    return Account(said.answer, said.age)
