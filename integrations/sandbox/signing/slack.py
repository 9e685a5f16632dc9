"""https://docs.slack.dev/authentication/verifying-requests-from-slack"""

import hashlib
import hmac
from datetime import datetime

from integrations.contract import Provider
from integrations.sandbox.signing.base import Headers


def sign(provider: Provider, body: bytes, _kind: str, now: datetime, _delivery: str) -> Headers:
    time = str(int(now.timestamp()))
    secret = provider.secrets("WEBHOOK_SECRET")[0].encode()
    signature = hmac.new(secret, f"v0:{time}:".encode() + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        "X-Slack-Request-Timestamp": time,
        "X-Slack-Signature": f"v0={signature}",
    }
