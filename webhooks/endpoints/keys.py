"""The secrets that sign for an endpoint: made here, sealed, and shown to its owner."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from integrations.signatures import standard
from integrations.vault import Unreadable, seal, unseal
from webhooks.endpoints.problems import unreadable
from webhooks.models import Endpoint, EndpointSecret

PURPOSE = "endpoint secret"


@dataclass(frozen=True)
class Key:
    """What a receiver checks with: the `whsec_…` secret itself, or the `whpk_…` public half of an Ed25519 key."""

    key: str
    created_at: datetime
    expires_at: datetime | None


def make(endpoint: Endpoint, now: datetime) -> EndpointSecret:
    """A fresh secret of the endpoint's scheme."""
    fresh = standard.new_key() if endpoint.scheme == Endpoint.Scheme.ED25519 else standard.new_secret()
    return EndpointSecret.objects.create(endpoint=endpoint, sealed=seal(fresh.encode(), PURPOSE), created_at=now)


def current(endpoint: Endpoint) -> list[Key]:
    """The keys that are good now, the newest first; raises `Problem` when they cannot be read any more."""
    try:
        return shown(endpoint, timezone.now())
    except Unreadable:
        raise unreadable() from None


def shown(endpoint: Endpoint, now: datetime) -> list[Key]:
    """The keys that are good now, the newest first; raises `vault.Unreadable`."""
    return [
        Key(_public(_plain(secret)), secret.created_at, secret.expires_at)
        for secret in endpoint.secrets.all()
        if secret.is_live(now)
    ]


def sign(endpoint: Endpoint, identifier: str, now: datetime, body: bytes) -> str:
    """The header webhook-signature: every secret that is good now signs. Raises `vault.Unreadable`."""
    live = [secret for secret in endpoint.secrets.all() if secret.is_live(now)]
    return " ".join(standard.sign(_plain(secret), identifier, now, body) for secret in live)


def _plain(secret: EndpointSecret) -> str:
    return unseal(secret.sealed, PURPOSE).decode()


def _public(plain: str) -> str:
    return standard.public_half(plain) if plain.startswith(standard.PRIVATE) else plain
