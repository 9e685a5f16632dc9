"""SendGrid carries our mail and reports what became of it. https://www.twilio.com/docs/sendgrid/for-developers"""

import json
import warnings
from collections.abc import Iterator
from functools import partial
from urllib.parse import quote

from anymail.exceptions import AnymailNotSupportedWarning
from django.core.mail.backends.base import BaseEmailBackend

from integrations.contract import QUICK, Credential, Delivery, Inbound, Lane, Lengthy, Provider
from integrations.errors import BadPayload, BadSignature, Retryable
from integrations.facts import MailReported
from integrations.http.policy import Policy
from integrations.http.reads import read
from integrations.http.sessions import guard
from integrations.http.transport import Answer, exchange
from integrations.payload import Payload, parse_json
from integrations.ports import MailCarrier
from integrations.signatures import require_ecdsa, require_fresh

# The sandbox signs with the private half, which it derives from the words "patchbay sendgrid sandbox".
SANDBOX_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEWdPVrY9lUfCcdVyhHjzrddyZRUM+"
    "bmMwJZ3BmvGNw5Eu+r5PClgYgSxiMGe+8azVkie3PN7uuaeqdk3NdZZYHA=="
)

provider = Provider(
    slug="sendgrid",
    name="SendGrid",
    api="https://api.sendgrid.com",
    credentials=(
        Credential(name="API_KEY", sandbox="SG.patchbay-sandbox", live="SG."),
        Credential(name="WEBHOOK_KEY", sandbox=SANDBOX_KEY),
    ),
    lane=Lane.BULK,
    # Nobody waits, and a mail whose answer is lost must be asked after, not sent again: better to listen long. Asking
    # and sending, twelve seconds each, fit into the 30 s for which a worker holds a mail.
    policy=Policy(attempt=10.0, deadline=12.0),
)

SCOPES = "/v3/scopes"
# https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
OUTCOMES = {
    "processed": "accepted",
    "delivered": "delivered",
    "deferred": "deferred",
    "bounce": "bounced",
    "dropped": "bounced",
    "spamreport": "complained",
}
provider.ignore("open", "click", "unsubscribe", "group_unsubscribe", "group_resubscribe")


@provider.webhook
def receive(inbound: Inbound) -> list[Delivery]:
    """The body is an array: each event becomes a delivery. A trailing CRLF is part of what is signed."""
    signature = inbound.header("X-Twilio-Email-Event-Webhook-Signature")
    timestamp = inbound.header("X-Twilio-Email-Event-Webhook-Timestamp")
    if not signature or not timestamp:
        raise BadSignature("the signature or its timestamp is missing")
    message = timestamp.encode("utf-8", "surrogateescape") + inbound.body
    require_ecdsa(message, signature, provider.secret("WEBHOOK_KEY"))
    require_fresh(timestamp, inbound.now)
    if len(inbound.body) > QUICK:
        raise Lengthy(partial(_events, inbound.body), genuine=True)
    return _events(inbound.body)


def _events(body: bytes) -> list[Delivery]:
    events = parse_json(body)
    if not isinstance(events, list):
        raise BadPayload("the body is not a list of events")
    return [_delivery(Payload(event, "an event")) for event in events]


def _delivery(event: Payload) -> Delivery:
    return Delivery(
        external_id=event.text("sg_event_id"),
        kind=event.text("event"),
        body=event.encoded(),
        object_key=event.text("mail", "") or event.text("sg_message_id", ""),  # by our own id, when it is our mail
    )


@provider.on(*OUTCOMES)
def reported(event: Payload) -> Iterator[MailReported]:
    if mail := event.text("mail", ""):  # a custom argument we gave; without it the mail is not one of ours
        yield MailReported(
            source="sendgrid",
            mail=mail,
            recipient=event.text("email"),
            outcome=OUTCOMES[event.text("event")],
            reason=event.text("reason", ""),
        )


class SendGrid:
    """SendGrid's way of being a `MailCarrier`: Anymail sends, the activity feed tells what was taken."""

    def backend(self) -> BaseEmailBackend:
        from anymail.backends.sendgrid import EmailBackend

        with warnings.catch_warnings():
            # Anymail no longer tests SendGrid (anymail#432); our own contract tests do.
            warnings.simplefilter("ignore", AnymailNotSupportedWarning)
            backend = EmailBackend(api_key=provider.secret("API_KEY"), api_url=f"{provider.base_url}/v3/")
        backend.session = guard(backend.create_session(), "sendgrid", hallmark="X-Message-Id")
        return backend

    def accepted(self, mail: str) -> bool:
        """https://www.twilio.com/docs/sendgrid/api-reference/e-mail-activity/filter-all-messages"""
        query = quote(f"(unique_args['mail']={json.dumps(mail)})")
        answer = _get(f"/v3/messages?limit=1&query={query}")
        try:
            return bool(Payload.parse(answer.body).items("messages"))
        except BadPayload as error:
            raise Retryable("sendgrid's answer cannot be read") from error


@provider.provides(MailCarrier)
def carrier() -> MailCarrier:
    return SendGrid()


@provider.health
def probe() -> None:
    """https://www.twilio.com/docs/sendgrid/api-reference/api-key-permissions lists what the key may do."""
    _get(SCOPES)


@provider.account
def account() -> Iterator[tuple[str, str]]:
    """How much the key may do: a key that may do everything is one to replace."""
    answer = read("sendgrid", f"{provider.base_url}{SCOPES}", _key(), tenant="staff", as_json=True)
    try:
        scopes = Payload.parse(answer.body).items("scopes")
    except BadPayload as error:
        raise Retryable("sendgrid's answer cannot be read") from error
    yield "Permissions of the key", str(len(scopes))


def _get(path: str) -> Answer:
    return exchange("sendgrid", "GET", f"{provider.base_url}{path}", _key(), as_json=True)


def _key() -> dict[str, str]:
    return {"Authorization": f"Bearer {provider.secret('API_KEY')}"}
