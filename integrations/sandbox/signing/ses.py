"""https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html: SES's message in SNS's envelope."""

import base64
import json
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from integrations.contract import Provider
from integrations.sandbox.authority import certificate, signing_key
from integrations.sandbox.signing.base import Headers

PAGE = "/SimpleNotificationService-00000000000000000000000000patchbay.pem"
ABOUT_THE_SUBSCRIPTION = ("SubscriptionConfirmation", "UnsubscribeConfirmation")
IN_NOTIFICATIONS = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
IN_CONFIRMATIONS = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


def served() -> bytes:
    """What is at `PAGE`."""
    return certificate("sns.amazonaws.com")


def enclose(provider: Provider, payload: bytes, kind: str, now: datetime, delivery: str) -> bytes:
    topic = provider.secrets("WEBHOOK_TOPIC")[0]
    message = {
        "MessageId": delivery,
        "TopicArn": topic,
        "Timestamp": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    }
    if kind in ABOUT_THE_SUBSCRIPTION:
        told = json.loads(payload)
        page = f"{provider.base_url}/?Action=ConfirmSubscription&TopicArn={topic}&Token={told['Token']}"
        message = {**told, **message, "Type": kind, "SubscribeURL": page}
    else:
        subject = "Amazon SES Email Event Notification"
        message |= {"Type": "Notification", "Subject": subject, "Message": payload.decode("utf-8", "replace")}
    fields = IN_CONFIRMATIONS if kind in ABOUT_THE_SUBSCRIPTION else IN_NOTIFICATIONS
    text = "".join(f"{name}\n{message[name]}\n" for name in fields).encode()
    signature = signing_key().sign(text, PKCS1v15(), SHA256())
    proof = {"SignatureVersion": "2", "Signature": base64.b64encode(signature).decode()}
    return json.dumps({**message, **proof, "SigningCertURL": provider.base_url + PAGE}).encode()


def sign(_provider: Provider, body: bytes, _kind: str, _now: datetime, _delivery: str) -> Headers:
    message = json.loads(body)
    return {
        "Content-Type": "text/plain; charset=UTF-8",
        "User-Agent": "Amazon Simple Notification Service Agent",
        "x-amz-sns-message-type": message["Type"],
        "x-amz-sns-message-id": message["MessageId"],
        "x-amz-sns-topic-arn": message["TopicArn"],
    }
