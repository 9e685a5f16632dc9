"""Amazon SES reports what became of our mail, by way of SNS.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

from integrations.contract import Delivery, Inbound, Lengthy
from integrations.facts import ConfirmationAsked, MailReported
from integrations.payload import Payload
from integrations.ports import WebhookConfirmer
from integrations.providers.ses import sns
from integrations.providers.ses.sns import Envelope, provider
from integrations.signatures import require_recent

__all__ = ["provider"]

# What each kind says of whom, and where it says why.
OUTCOMES = {
    "Send": ("accepted", "mail.destination", ""),
    "Delivery": ("delivered", "delivery.recipients", ""),
    "DeliveryDelay": ("deferred", "deliveryDelay.delayedRecipients", "deliveryDelay.delayType"),
    "Bounce": ("bounced", "bounce.bouncedRecipients", "bounce.bounceSubType"),
    "Complaint": ("complained", "complaint.complainedRecipients", "complaint.complaintFeedbackType"),
    "Reject": ("bounced", "mail.destination", "reject.reason"),
    "Rendering Failure": ("bounced", "mail.destination", "failure.errorMessage"),
}
# What SNS itself sends when a topic is connected with SES; it is no JSON.
CONNECTED = "Successfully validated SNS topic for Amazon SES"
provider.ignore("Open", "Click", "Subscription", "Received", "TopicConnected", "UnsubscribeConfirmation")


@provider.webhook
def receive(inbound: Inbound) -> list[Delivery]:
    envelope = Envelope.of(inbound.body)
    require_recent(envelope.fields["Timestamp"], inbound.now, provider.patience)
    key = sns.certificates.key(envelope.certificate, inbound.now)
    if key is None:
        raise Lengthy(partial(_fetch_and_read, envelope, inbound))
    sns.verify(envelope, key)
    return _read(envelope)


def _fetch_and_read(envelope: Envelope, inbound: Inbound) -> list[Delivery]:
    sns.verify(envelope, sns.fetch(envelope, inbound.now))
    return _read(envelope)


def _read(envelope: Envelope) -> list[Delivery]:
    """Of what came, only what is signed is kept: SES's own message, or the fields of one about the subscription."""
    kind, message = envelope.fields["Type"], envelope.fields["Message"]
    body, about = json.dumps(envelope.fields).encode(), envelope.topic
    if kind == "Notification" and message.startswith(CONNECTED):
        kind = "TopicConnected"
    elif kind == "Notification":
        body = message.encode()
        told = Payload.parse(body)
        kind, about = _kind(told), _mail(told) or told.text("mail.messageId", "")
    return [Delivery(external_id=envelope.fields["MessageId"], kind=kind, body=body, object_key=about)]


def _kind(told: Payload) -> str:
    """Its name depends on whether the mail was sent with a configuration set."""
    return told.text("eventType", "") or told.text("notificationType")


def _mail(told: Payload) -> str:
    """Our own id of the mail: a message tag, or in the header that Anymail writes; empty when it is not one of ours."""
    tags, headers = told.value("mail.tags.mail"), told.value("mail.headers")
    if isinstance(tags, list) and tags and isinstance(tags[0], str):
        return tags[0]
    for header in headers if isinstance(headers, list) else ():
        if isinstance(header, dict) and header.get("name") == "X-Metadata":
            return _mail_of(header.get("value"))
    return ""


def _mail_of(metadata: Any) -> str:
    with suppress(ValueError, RecursionError, TypeError):  # somebody else's header of the same name
        found = json.loads(metadata)
        if isinstance(found, dict) and isinstance(found.get("mail"), str):
            return found["mail"]
    return ""


@provider.on(*OUTCOMES)
def reported(told: Payload) -> Iterator[MailReported]:
    """One for each recipient: SES may report on several at once."""
    outcome, where, why = OUTCOMES[_kind(told)]
    if outcome == "bounced" and told.value("bounce.bounceType") == "Transient":
        outcome = "deferred"  # a full mailbox, or an answer from a holiday: the address is good
    reason = told.text(why, "") if why else ""
    if mail := _mail(told):
        for one in told.items(where):
            recipient, diagnosis = _recipient(one, where)
            yield MailReported(
                source="ses", mail=mail, recipient=recipient, outcome=outcome, reason=diagnosis or reason
            )


def _recipient(one: Any, where: str) -> tuple[str, str]:
    """The address, and what its server said."""
    if isinstance(one, str):
        return one, ""
    recipient = Payload(one, f"one of {where}")
    return recipient.text("emailAddress"), recipient.text("diagnosticCode", "")


@provider.on("SubscriptionConfirmation")
def asked(told: Payload) -> Iterator[ConfirmationAsked]:
    yield ConfirmationAsked(source="ses", about=told.text("TopicArn"), reference=told.text("SubscribeURL"))


@provider.provides(WebhookConfirmer)
def confirmer() -> WebhookConfirmer:
    return sns.Confirmer()
