"""Refresh tokens: `rt1.<session>.<n>.<HMAC>`; all that is stored is the `n` their session has come to."""

import base64
import hmac
import re
from uuid import UUID

from accounts.models import Session
from accounts.tokens import Invalid
from integrations import vault

FORM = re.compile(r"(rt1\.([0-9a-f]{32})\.([0-9]{1,9}))\.([A-Za-z0-9_-]{43})")
PURPOSE = "accounts refresh token"


def mint(session: Session) -> str:
    """The one refresh token that is good for `session` at its present `n`."""
    body = f"rt1.{session.pk.hex}.{session.n}"
    return f"{body}.{_mac(body, next(vault.derive(PURPOSE)))}"


def read(token: str) -> tuple[UUID, int]:
    """The session and the number in a token of ours, good or spent; raises `Invalid`."""
    match = FORM.fullmatch(token)
    if match is None:
        raise Invalid("This is not one of our refresh tokens.")
    body, session, n, mac = match.groups()
    if not any(hmac.compare_digest(mac, _mac(body, key)) for key in vault.derive(PURPOSE)):
        raise Invalid("This is not one of our refresh tokens.")
    return UUID(hex=session), int(n)


def _mac(body: str, key: bytes) -> str:
    digest = hmac.digest(key, body.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
