"""Standard Webhooks, to check and to make: `v1` is HMAC-SHA256, `v1a` Ed25519, over `<id>.<time>.<body>`.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime
from secrets import token_bytes

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from integrations.errors import BadSignature
from integrations.signatures.curves import fits_ed25519
from integrations.signatures.freshness import require_fresh
from integrations.signatures.symmetric import require_one_of

SYMMETRIC, PRIVATE, PUBLIC = "whsec_", "whsk_", "whpk_"
SECRET_SIZES = range(24, 65)  # bytes, as the specification has them
KEY_SIZE = 32  # of either half; some (Svix) write a private key with its public half behind it


class BadSecret(ValueError):
    """Not a secret or key of Standard Webhooks; the message says why and may be shown."""


def new_secret() -> str:
    """A fresh `whsec_…` secret of 32 random bytes."""
    return SYMMETRIC + base64.b64encode(token_bytes(32)).decode()


def new_key() -> str:
    """A fresh `whsk_…` private key."""
    return PRIVATE + base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()


def public_half(key: str) -> str:
    """The `whpk_…` public key that receivers check with, of a `whsk_…` private one."""
    public = _private(key).public_key()
    return PUBLIC + base64.b64encode(public.public_bytes_raw()).decode()


def require_secret(text: str) -> None:
    """`BadSecret` unless `text` is a secret (`whsec_…`, the prefix may be missing) or a public key (`whpk_…`)."""
    _decoded(text, PUBLIC if text.startswith(PUBLIC) else SYMMETRIC)


def sign(secret: str, identifier: str, sent_at: datetime, body: bytes) -> str:
    """One signature as the header has it: `v1,…` with a `whsec_…` secret, `v1a,…` with a `whsk_…` key."""
    message = _message(identifier, str(int(sent_at.timestamp())), body)
    if secret.startswith(PRIVATE):
        return "v1a," + base64.b64encode(_private(secret).sign(message)).decode()
    return "v1," + _hmac(secret, message)


def require_signed(
    identifier: str, timestamp: str, signatures: str, body: bytes, secrets: Iterable[str], now: datetime
) -> None:
    """`BadSignature` or `StaleTimestamp` unless one of `signatures` fits one of `secrets` (`whsec_…` or `whpk_…`).

    `identifier`, `timestamp` and `signatures` are the headers webhook-id, webhook-timestamp and webhook-signature;
    several signatures stand beside each other while a secret is being rotated.
    """
    if not (identifier and timestamp and signatures):
        raise BadSignature("webhook-id, webhook-timestamp or webhook-signature is missing")
    message = _message(identifier, timestamp, body)
    given = [one.partition(",") for one in signatures.split(" ")]
    keys = list(secrets)
    if not _fits_a_key([value for version, _, value in given if version == "v1a"], message, keys):
        wanted = [_hmac(secret, message) for secret in keys if not secret.startswith(PUBLIC)]
        require_one_of([value for version, _, value in given if version == "v1"], wanted)
    require_fresh(timestamp, now)


def _fits_a_key(given: list[str], message: bytes, secrets: list[str]) -> bool:
    keys = [_decoded(secret, PUBLIC) for secret in secrets if secret.startswith(PUBLIC)]
    # Each costs a thousandth of a second at most times some: a header of hundreds is somebody's attempt to be a burden.
    return any(fits_ed25519(message, signature, key) for signature in given[:8] for key in keys)


def _message(identifier: str, timestamp: str, body: bytes) -> bytes:
    return f"{identifier}.{timestamp}.".encode("utf-8", "surrogateescape") + body


def _hmac(secret: str, message: bytes) -> str:
    return base64.b64encode(hmac.digest(_decoded(secret, SYMMETRIC), message, hashlib.sha256)).decode()


def _private(key: str) -> Ed25519PrivateKey:
    raw = _decoded(key, PRIVATE)
    private = Ed25519PrivateKey.from_private_bytes(raw[:KEY_SIZE])
    if raw[KEY_SIZE:] not in (b"", private.public_key().public_bytes_raw()):
        raise BadSecret("the second half of the key is not the public one of the first")
    return private


def _decoded(text: str, prefix: str) -> bytes:
    try:
        raw = base64.b64decode(text.removeprefix(prefix), validate=True)
    except (binascii.Error, ValueError):
        raise BadSecret(f"what follows {prefix} is not base64") from None
    if prefix == SYMMETRIC and len(raw) not in SECRET_SIZES:
        raise BadSecret(f"a secret has {SECRET_SIZES[0]} to {SECRET_SIZES[-1]} bytes, this one {len(raw)}")
    sizes = {PUBLIC: (KEY_SIZE,), PRIVATE: (KEY_SIZE, 2 * KEY_SIZE)}.get(prefix, SECRET_SIZES)
    if len(raw) not in sizes:
        raise BadSecret(f"a key has {KEY_SIZE} bytes, this one {len(raw)}")
    return raw
