"""Keys derived from SECRET_KEY, one per purpose, and what is sealed with them.

SECRET_KEY_FALLBACKS count: what an earlier key signed or sealed stays good while the setting names it.
"""

import base64
from collections.abc import Iterator

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.encoding import force_bytes


class Unreadable(Exception):
    """Sealed with a SECRET_KEY that is no longer known, or tampered with."""


def derive(purpose: str) -> Iterator[bytes]:
    """32 bytes for `purpose`, which opens with the app's name, from each secret key, the current one first."""
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        info = f"patchbay {purpose}".encode()
        yield HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(force_bytes(secret))


def seal(plain: bytes, purpose: str) -> str:
    """`plain` encrypted and authenticated, as text."""
    return _fernet(purpose).encrypt(plain).decode()


def unseal(sealed: str, purpose: str) -> bytes:
    """What `seal` was given; raises `Unreadable`."""
    try:
        return _fernet(purpose).decrypt(sealed)
    except InvalidToken:
        raise Unreadable(purpose) from None


def _fernet(purpose: str) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derive(purpose)])
