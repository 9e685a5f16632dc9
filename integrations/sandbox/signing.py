"""How each vendor signs what it sends: the headers of a webhook, made with the credentials in force."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime
from functools import cache
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from integrations.contract import Provider
from integrations.errors import NotConfigured
from integrations.registry import all_providers
from integrations.signatures import hmac_sha256

Headers = dict[str, str]


def sign(slug: str, body: bytes, *, kind: str, now: datetime, delivery: str = "") -> Headers:
    """The headers `slug` would send with `body` at `now`, signed.

    `delivery` is the vendor's id of the delivery where a header carries one; without it, a new one.
    `NotConfigured` for a vendor that signs nothing here, or whose secret is not there to sign with.
    """
    if slug not in SIGNERS:
        raise NotConfigured(f"no webhooks of {slug!r} can be signed here; known are {', '.join(SIGNERS)}")
    return SIGNERS[slug](all_providers()[slug], body, kind, now, delivery or str(uuid4()))


def _stripe(provider: Provider, body: bytes, _kind: str, now: datetime, _delivery: str) -> Headers:
    """https://docs.stripe.com/webhooks/signature: while a secret is being rolled, one signature with each."""
    time = str(int(now.timestamp()))
    message = time.encode() + b"." + body
    signatures = [f"v1={hmac_sha256(secret, message)}" for secret in provider.secrets("WEBHOOK_SECRET")]
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        "Stripe-Signature": ",".join([f"t={time}", *signatures]),
    }


def _github(provider: Provider, body: bytes, kind: str, _now: datetime, delivery: str) -> Headers:
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers"""
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


def _sendgrid(provider: Provider, body: bytes, _kind: str, now: datetime, _delivery: str) -> Headers:
    """https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features"""
    key = _sendgrid_key()
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
def _sendgrid_key() -> ec.EllipticCurvePrivateKey:
    seed = hashlib.sha256(b"patchbay sendgrid sandbox").digest()
    return ec.derive_private_key(int.from_bytes(seed, "big"), ec.SECP256R1())


SIGNERS: dict[str, Callable[[Provider, bytes, str, datetime, str], Headers]] = {
    "stripe": _stripe,
    "github": _github,
    "sendgrid": _sendgrid,
}
