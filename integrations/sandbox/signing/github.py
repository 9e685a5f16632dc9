"""https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers"""

import hashlib
import hmac
from datetime import datetime

from integrations.contract import Provider
from integrations.sandbox.signing.base import Headers
from integrations.signatures import hmac_sha256


def sign(provider: Provider, body: bytes, kind: str, _now: datetime, delivery: str) -> Headers:
    secret = provider.secrets("WEBHOOK_SECRET")[0]
    return {
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/5a0b1c2",
        "X-GitHub-Delivery": delivery,
        "X-GitHub-Event": kind,
        "X-GitHub-Hook-ID": "500000001",
        "X-GitHub-Hook-Installation-Target-ID": "700000001",
        "X-GitHub-Hook-Installation-Target-Type": "repository",
        "X-Hub-Signature": "sha1=" + hmac.new(secret.encode(), body, hashlib.sha1).hexdigest(),
        "X-Hub-Signature-256": f"sha256={hmac_sha256(secret, body)}",
    }
