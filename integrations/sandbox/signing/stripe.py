"""https://docs.stripe.com/webhooks/signature: while a secret is being rolled, one signature with each."""

from datetime import datetime

from integrations.contract import Provider
from integrations.sandbox.signing.base import Headers
from integrations.signatures import hmac_sha256


def sign(provider: Provider, body: bytes, _kind: str, now: datetime, _delivery: str) -> Headers:
    time = str(int(now.timestamp()))
    message = time.encode() + b"." + body
    signatures = [f"v1={hmac_sha256(secret, message)}" for secret in provider.secrets("WEBHOOK_SECRET")]
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        "Stripe-Signature": ",".join([f"t={time}", *signatures]),
    }
