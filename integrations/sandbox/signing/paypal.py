"""https://developer.paypal.com/api/rest/webhooks/rest/: RSA over ids, time and the body's checksum."""

import base64
import zlib
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from integrations.contract import Provider
from integrations.sandbox.authority import certificate, signing_key
from integrations.sandbox.signing.base import Headers

PAGE = "/v1/notifications/certs/CERT-patchbay"


def served() -> bytes:
    """What is at `PAGE` of the API."""
    return certificate("messageverificationcerts.paypal.com")


def sign(provider: Provider, body: bytes, _kind: str, now: datetime, delivery: str) -> Headers:
    time = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    webhook = provider.secrets("WEBHOOK_ID")[0]
    message = f"{delivery}|{time}|{webhook}|{zlib.crc32(body)}".encode()
    signature = signing_key().sign(message, PKCS1v15(), SHA256())
    return {
        "Content-Type": "application/json",
        "User-Agent": "PayPal/AUHD-214.0-58391792",
        "PayPal-Auth-Algo": "SHA256withRSA",
        "PayPal-Auth-Version": "v2",
        "PayPal-Cert-Url": provider.base_url + PAGE,
        "PayPal-Transmission-Id": delivery,
        "PayPal-Transmission-Sig": base64.b64encode(signature).decode(),
        "PayPal-Transmission-Time": time,
    }
