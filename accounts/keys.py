"""The keys of access tokens: one signs, the next is published ahead, a retired one outlives its tokens."""

import json
import secrets
from datetime import timedelta
from typing import Any

import structlog
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from django.db.models import Q, QuerySet
from django.utils import timezone
from jwt.algorithms import ECAlgorithm

from accounts.models import SigningKey
from integrations import vault

log = structlog.get_logger("accounts")

ALGORITHM = "ES256"
STANDING = 2
PURPOSE = "accounts signing key"
# No token outlives this, so a key retired longer ago has nothing left to vouch for.
LONGEST_TOKEN = timedelta(minutes=30)


def signer() -> tuple[str, EllipticCurvePrivateKey]:
    """The key id and the private key to sign with."""
    key = _standing()[0]
    try:
        private = load_der_private_key(vault.unseal(key.private_key, PURPOSE), None)
    except vault.Unreadable:
        # SECRET_KEY was replaced and no fallback names the old one: nobody can sign with this key again.
        log.error("signing key unreadable, retired", kid=key.kid)
        retire(key)
        return signer()
    assert isinstance(private, EllipticCurvePrivateKey)
    return key.kid, private


def published() -> QuerySet[SigningKey]:
    """Every key that a good token may be signed with, now or next."""
    return SigningKey.objects.filter(Q(retired_at=None) | Q(retired_at__gt=timezone.now() - LONGEST_TOKEN))


def find(kid: object) -> dict[str, Any] | None:
    """The public key named `kid` as a JWK; compared here because a hostile `kid` need not be text at all."""
    return next((key.public_jwk for key in published() if key.kid == kid), None)


def key_set() -> dict[str, list[dict[str, Any]]]:
    """The JWK set of RFC 7517: at least two public keys."""
    _standing()
    return {"keys": [key.public_jwk for key in published()]}


def retire(key: SigningKey) -> None:
    """Sign no more with `key`: the next one takes its place, and a new one waits behind that."""
    SigningKey.objects.filter(pk=key.pk, retired_at=None).update(retired_at=timezone.now())
    _standing()


def _standing() -> list[SigningKey]:
    """The keys not retired, made where they are missing.

    Makers agree because they number from one reading of the table: the unique number lets the first of them win.
    """
    known = list(SigningKey.objects.all())
    standing = [key for key in known if key.retired_at is None]
    if len(standing) >= STANDING:
        return standing
    first = known[-1].number + 1 if known else 1
    missing = range(first, first + STANDING - len(standing))
    SigningKey.objects.bulk_create([_make(number) for number in missing], ignore_conflicts=True)
    return list(SigningKey.objects.filter(retired_at=None))


def _make(number: int) -> SigningKey:
    private, kid = generate_private_key(SECP256R1()), secrets.token_urlsafe(12)
    public = json.loads(ECAlgorithm.to_jwk(private.public_key()))
    der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return SigningKey(
        number=number,
        kid=kid,
        private_key=vault.seal(der, PURPOSE),
        public_jwk=public | {"kid": kid, "use": "sig", "alg": ALGORITHM},
    )
