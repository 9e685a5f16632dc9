"""The arithmetic of webhook signatures: constant-time, two-sided in time, and total over hostile headers."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from integrations.errors import BadSignature, StaleTimestamp

TOLERANCE = timedelta(minutes=5)


def hmac_sha256(secret: str, message: bytes) -> str:
    """The hex HMAC-SHA256 of `message`."""
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def require_hmac(message: bytes, given: Iterable[str], secrets: Iterable[str]) -> None:
    """`BadSignature` unless one of the `given` hex signatures was made with one of the `secrets`."""
    candidates = [value.encode("utf-8", "surrogateescape") for value in given]
    wanted = [hmac_sha256(secret, message).encode() for secret in secrets]
    # No short cut: the time taken tells nothing about which secret or candidate came close.
    if not sum(hmac.compare_digest(have, want) for have in candidates for want in wanted):
        raise BadSignature("no signature here was made with the secret of this source")


def require_ecdsa(message: bytes, signature: str, public_key: str) -> None:
    """`BadSignature` unless `signature` (base64 DER) over SHA-256 fits `public_key` (base64 SPKI)."""
    try:
        key = load_der_public_key(base64.b64decode(public_key))
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise BadSignature("the key of this source is not of an elliptic curve")
        key.verify(base64.b64decode(signature, validate=True), message, ec.ECDSA(SHA256()))
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise BadSignature("the signature does not fit the key of this source") from error


def require_fresh(timestamp: str, now: datetime, tolerance: timedelta = TOLERANCE) -> None:
    """`StaleTimestamp` unless `timestamp` (Unix seconds) lies within `tolerance` of `now`, before or after."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 11):
        raise BadSignature("the signed time is not a number of seconds")
    if abs(now - datetime.fromtimestamp(int(timestamp), UTC)) > tolerance:
        raise StaleTimestamp("the signed time is more than five minutes from now")
