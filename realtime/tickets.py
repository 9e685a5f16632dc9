"""One-time tickets: what a program with a token buys to open one connection, where it can send no headers."""

from datetime import UTC, datetime
from secrets import token_urlsafe

from django.core import signing
from django.core.cache import cache

from realtime.identity import Identity

LIFETIME = 30
SALT = "realtime.ticket"


def issue(identity: Identity) -> str:
    """A ticket for this identity, good for one connection within `LIFETIME` seconds."""
    expiry = identity.expires_at and identity.expires_at.timestamp()
    return signing.dumps([token_urlsafe(12), identity.user_id, identity.is_staff, expiry], salt=SALT)


def redeem(ticket: str) -> Identity | None:
    """Who bought it, the first time; None for a ticket that is used, old or not ours."""
    try:
        number, user_id, is_staff, expiry = signing.loads(ticket, salt=SALT, max_age=LIFETIME)
    except signing.BadSignature:
        return None
    # Remembered for longer than it is good for, so that clocks that differ open no second door.
    if not cache.add(f"realtime:ticket:{number}", 1, LIFETIME * 2):
        return None
    return Identity(user_id, is_staff, expiry and datetime.fromtimestamp(expiry, UTC))
