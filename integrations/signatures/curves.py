"""Signatures whose sender alone holds the private key: ECDSA over P-256, and Ed25519."""

import base64
import binascii
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from integrations.errors import BadSignature


def require_ecdsa(message: bytes, signature: str, public_key: str) -> None:
    """`BadSignature` unless `signature` (base64 DER) over SHA-256 fits `public_key` (base64 SPKI)."""
    try:
        _loaded(public_key).verify(base64.b64decode(signature, validate=True), message, ec.ECDSA(SHA256()))
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise BadSignature("the signature does not fit the key of this source") from error


@lru_cache(maxsize=64)
def _loaded(public_key: str) -> ec.EllipticCurvePublicKey:
    key = load_der_public_key(base64.b64decode(public_key))
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise BadSignature("the key of this source is not of an elliptic curve")
    return key


def fits_ed25519(message: bytes, signature: str, public_key: bytes) -> bool:
    """Whether `signature` (base64 of 64 bytes) was made with the private half of `public_key` (32 bytes)."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(base64.b64decode(signature, validate=True), message)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
