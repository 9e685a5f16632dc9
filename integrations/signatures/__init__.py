"""The arithmetic of webhook signatures: constant-time, two-sided in time, and total over hostile headers."""

from integrations.signatures.curves import require_ecdsa
from integrations.signatures.freshness import TOLERANCE, require_fresh, require_recent
from integrations.signatures.rsa import require_rsa
from integrations.signatures.symmetric import hmac_sha256, require_hmac

__all__ = [
    "TOLERANCE",
    "hmac_sha256",
    "require_ecdsa",
    "require_fresh",
    "require_hmac",
    "require_recent",
    "require_rsa",
]
