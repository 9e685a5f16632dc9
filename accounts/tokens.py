"""Access tokens: signed for 30 minutes, and worth no more than the session they name is worth right now.

The form is RFC 9068 (https://www.rfc-editor.org/rfc/rfc9068): `typ: at+jwt`, with the key named by `kid`.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt
from django.conf import settings
from django.utils import timezone

from accounts import keys
from accounts.models import Session

AUDIENCE = "patchbay"
TYPE = "at+jwt"
LIFETIME = keys.LONGEST_TOKEN
REQUIRED = ["iss", "aud", "sub", "sid", "jti", "iat", "exp"]

Claims = dict[str, Any]


class Invalid(Exception):
    """The token proves nothing; the message says why, in words fit for its bearer."""


@dataclass(frozen=True)
class Identity:
    """Who bears a token, and until when."""

    user_id: int
    is_staff: bool
    session_id: uuid.UUID
    expires_at: datetime


def issue(session: Session) -> tuple[str, int]:
    """A fresh access token for `session`, and the seconds it is good for."""
    now = timezone.now()
    expires_at = min(now + LIFETIME, session.expires_at)
    claims: Claims = {
        "iss": settings.PATCHBAY_URL,
        "aud": AUDIENCE,
        "sub": str(session.user_id),
        "sid": str(session.pk),
        "jti": uuid.uuid4().hex,
        "iat": now,
        "exp": expires_at,
        "auth_time": int(session.created_at.timestamp()),
        "amr": session.amr,
    }
    kid, private = keys.signer()
    token = jwt.encode(claims, private, keys.ALGORITHM, headers={"typ": TYPE, "kid": kid})
    return token, int((expires_at - now).total_seconds())


def verify(access_token: str) -> Identity:
    """Whose token this is; raises `Invalid`."""
    session, claims = admit(access_token)
    return Identity(session.user_id, session.user.is_staff, session.pk, datetime.fromtimestamp(claims["exp"], UTC))


def admit(access_token: str) -> tuple[Session, Claims]:
    """The live session behind a token, with its person, and the token's claims; raises `Invalid`."""
    claims = _decode(access_token)
    session = Session.objects.select_related("user").filter(pk=claims["sid"]).first()
    if session is None or not session.is_live:
        raise Invalid("You have been signed out.")
    return session, claims


def _decode(token: str) -> Claims:
    """The claims of a token that one of our keys signed for us and that has not expired."""
    try:
        header = jwt.get_unverified_header(token)
        key = keys.find(header.get("kid"))
        if key is None or header.get("typ") != TYPE:
            raise Invalid("This is not one of our access tokens.")
        return jwt.decode(
            token,
            jwt.PyJWK(key),
            algorithms=[keys.ALGORITHM],
            audience=AUDIENCE,
            issuer=settings.PATCHBAY_URL,
            options={"require": REQUIRED},
        )
    except jwt.ExpiredSignatureError:
        raise Invalid("The access token has expired.") from None
    # Beside PyJWT's own errors: text that cannot be UTF-8.
    except (jwt.PyJWTError, UnicodeError):
        raise Invalid("This is not one of our access tokens.") from None
