"""Signatures made and checked with one shared secret: HMAC-SHA256."""

import hmac
from collections.abc import Iterable

from integrations.errors import BadSignature


def hmac_sha256(secret: str, message: bytes) -> str:
    """The hex HMAC-SHA256 of `message`."""
    return hmac.digest(secret.encode(), message, "sha256").hex()


def require_hmac(message: bytes, given: Iterable[str], secrets: Iterable[str]) -> None:
    """`BadSignature` unless one of the `given` hex signatures was made with one of the `secrets`."""
    require_one_of(given, [hmac_sha256(secret, message) for secret in secrets])


def require_one_of(given: Iterable[str], wanted: Iterable[str]) -> None:
    """`BadSignature` unless one of the `given` texts, which a sender wrote, is one of those `wanted`."""
    candidates = [value.encode("utf-8", "surrogateescape") for value in given]
    known = [value.encode() for value in wanted]
    # No short cut: the time taken tells nothing about which secret or candidate came close.
    if not sum(hmac.compare_digest(have, want) for have in candidates for want in known):
        raise BadSignature("no signature here was made with the secret of this source")
