"""How SNS wraps and signs what it carries. https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from integrations.contract import Credential, Provider
from integrations.errors import BadPayload, BadSignature, Permanent
from integrations.http.certificates import Certificates
from integrations.http.policy import Policy
from integrations.http.transport import exchange
from integrations.payload import Payload
from integrations.signatures import require_rsa

provider = Provider(
    slug="ses",
    name="Amazon SES",
    credentials=(Credential(name="WEBHOOK_TOPIC", sandbox="arn:aws:sns:us-east-1:123456789012:patchbay-mail"),),
    # SNS signs once and repeats for an hour at most.
    patience=timedelta(hours=6),
    # The signature stands in the body and covers its fields by name.
    signs_bytes=False,
    policy=Policy(attempt=5.0, deadline=10.0),
)

# The fields that are signed, in their order. Subject only where there is one.
NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
SUBSCRIPTION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
SIGNED = {
    "Notification": NOTIFICATION,
    "SubscriptionConfirmation": SUBSCRIPTION,
    "UnsubscribeConfirmation": SUBSCRIPTION,
}
DIGESTS: dict[str, Literal["sha1", "sha256"]] = {"1": "sha1", "2": "sha256"}
ARN = re.compile(r"arn:(aws|aws-cn|aws-us-gov):sns:([a-z0-9-]{4,32}):\d{12}:[\w-]{1,256}(\.fifo)?")
PAGE = re.compile(r"/[\w-]{1,100}\.pem")
CONFIRM = "/?Action=ConfirmSubscription&"
certificates = Certificates(
    "ses", issuers=re.compile(r"http://crt\.[a-z0-9]{1,20}\.amazontrust\.com/[\w-]{1,100}\.ce?rt?")
)


@dataclass(frozen=True)
class Envelope:
    """A message about a topic of ours, as SNS sends it, not verified yet: the fields that are signed, by name."""

    fields: Mapping[str, str]
    signature: str
    version: str
    certificate: str

    @classmethod
    def of(cls, body: bytes) -> "Envelope":
        """`BadPayload` for anything else; `BadSignature` when it cannot be SNS that signed it for us."""
        told = Payload.parse(body)
        kind = told.text("Type")
        if kind not in SIGNED:
            raise BadPayload(f"Type is {kind!r}: turn raw message delivery off for this subscription")
        fields = {name: told.text(name) for name in SIGNED[kind] if name != "Subject" or told.has(name)}
        version, signature, url = (told.text(name, "") for name in ("SignatureVersion", "Signature", "SigningCertURL"))
        if version not in DIGESTS or not signature:
            raise BadSignature("there is no signature of version 1 or 2")
        envelope = cls(fields, signature, version, url)
        envelope.require_ours()
        return envelope

    @property
    def topic(self) -> str:
        return self.fields["TopicArn"]

    def require_ours(self) -> None:
        """Its topic is on our list, and its certificate a page of SNS in that topic's region."""
        if not is_ours(self.topic):
            raise BadSignature("the topic is not on the list SES_WEBHOOK_TOPIC")
        home = home_of(self.topic)
        if not self.certificate.startswith(home) or not PAGE.fullmatch(self.certificate[len(home) :]):
            raise BadSignature("SigningCertURL is not a page of SNS in the region of the topic")

    def message(self) -> bytes:
        """What is signed: each field's name and value, a line each."""
        try:
            return "".join(f"{name}\n{value}\n" for name, value in self.fields.items()).encode()
        except UnicodeEncodeError:  # JSON can spell half a character
            raise BadPayload("a field that should be signed is no text") from None


def verify(envelope: Envelope, key: RSAPublicKey) -> None:
    """`BadSignature` unless the envelope was signed with `key`."""
    require_rsa(envelope.message(), envelope.signature, key, DIGESTS[envelope.version])


def fetch(envelope: Envelope, now: datetime) -> RSAPublicKey:
    """The key that SNS signs with, fetched if need be: it blocks."""
    return certificates.fetch(envelope.certificate, _names(envelope.topic), now)


def is_ours(topic: str) -> bool:
    """Whether it is a topic, and on our list."""
    return topic in provider.secrets("WEBHOOK_TOPIC") and ARN.fullmatch(topic) is not None


def home_of(topic: str) -> str:
    """Where SNS answers for this topic, without a slash at the end."""
    if provider.base_url:  # beside the sandbox
        return provider.base_url
    _, partition, _, region, *_ = topic.split(":")
    return f"https://sns.{region}.amazonaws.com" + (".cn" if partition == "aws-cn" else "")


def _names(topic: str) -> tuple[str, ...]:
    """Whose certificate may be SNS's: the name differs between regions."""
    _, partition, _, region, *_ = topic.split(":")
    end = "amazonaws.com" + (".cn" if partition == "aws-cn" else "")
    return "sns.amazonaws.com", f"sns-signing.{region}.{end}", f"sns-{region}.{end}", "sns-us-gov-west-1.amazonaws.com"


class Confirmer:
    """SNS sends nothing to an address before it was confirmed by a visit to the page it names."""

    def confirm(self, about: str, reference: str) -> None:
        """Visit `reference`, if it is SNS's page for subscribing to the topic `about`, and that is one of ours."""
        if not is_ours(about) or not reference.startswith(home_of(about) + CONFIRM):
            raise Permanent("what is to be confirmed is no subscription to a topic of ours")
        exchange("ses", "GET", reference)
