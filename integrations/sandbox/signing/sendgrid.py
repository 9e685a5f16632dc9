"""https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features"""

import base64
import hashlib
from datetime import datetime
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from integrations.contract import Provider
from integrations.errors import NotConfigured
from integrations.sandbox.signing.base import Headers


def sign(provider: Provider, body: bytes, _kind: str, now: datetime, _delivery: str) -> Headers:
    key = _key()
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if base64.b64encode(spki).decode() != provider.secret("WEBHOOK_KEY"):
        raise NotConfigured("SENDGRID_WEBHOOK_KEY is not the sandbox's own: nobody here has its private half")
    time = str(int(now.timestamp()))
    signature = key.sign(time.encode() + body, ec.ECDSA(SHA256()))
    return {
        "Content-Type": "application/json;charset=utf-8",
        "User-Agent": "SendGrid Event API",
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": time,
    }


@cache
def _key() -> ec.EllipticCurvePrivateKey:
    seed = hashlib.sha256(b"patchbay sendgrid sandbox").digest()
    return ec.derive_private_key(int.from_bytes(seed, "big"), ec.SECP256R1())
