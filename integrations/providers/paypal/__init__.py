"""PayPal tells us of orders and captures. https://developer.paypal.com/api/rest/webhooks/

A webhook is verified here, with PayPal's certificate; or by asking PayPal, where PAYPAL_WEBHOOK_VERIFY says `api`.
"""

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from integrations.contract import Credential, Delivery, Inbound, Lengthy, Provider
from integrations.errors import BadSignature, Forbidden, Permanent, Retryable, Unauthorized
from integrations.facts import PaymentChanged
from integrations.http.auth import Auth
from integrations.http.certificates import Certificates
from integrations.http.grants import Client
from integrations.http.policy import Policy
from integrations.http.transport import exchange
from integrations.payload import Payload
from integrations.ports import EventArchive
from integrations.providers.paypal.archive import PayPalArchive
from integrations.signatures import require_recent, require_rsa

provider = Provider(
    slug="paypal",
    name="PayPal",
    api="https://api-m.paypal.com",
    credentials=(
        Credential(name="CLIENT_ID", sandbox="patchbay-paypal-client"),
        Credential(name="CLIENT_SECRET", sandbox="patchbay-paypal-secret"),
        Credential(name="WEBHOOK_ID", sandbox="7PB84759SANDBOX1D"),
        Credential(name="WEBHOOK_VERIFY", sandbox="offline", usual="offline"),
    ),
    # It tries for three days, and whether it then signs anew is not documented.
    patience=timedelta(days=4),
    # A webhook's sender waits while PayPal is asked: two tries, and no more.
    policy=Policy(attempt=4.0, deadline=8.0),
)

CERTIFICATES = "/v1/notifications/certs/"
VERIFY = "/v1/notifications/verify-webhook-signature"
NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")
SIGNERS = ("messageverificationcerts.paypal.com", "messageverificationcerts.sandbox.paypal.com")
certificates = Certificates("paypal", issuers=re.compile(r"http://cacerts\.digicert\.com/[\w-]{1,100}\.crt"))


@dataclass(frozen=True)
class Transmission:
    """What PayPal's headers say of a delivery; the names are those of its API."""

    transmission_id: str
    transmission_time: str
    transmission_sig: str
    cert_url: str
    auth_algo: str

    @classmethod
    def of(cls, inbound: Inbound) -> "Transmission":
        found = [inbound.header(f"PayPal-{name.replace('_', '-')}") for name in cls.__annotations__]
        if not all(found):
            raise BadSignature("one of PayPal's five headers is missing")
        return cls(*found)


@provider.webhook
def receive(inbound: Inbound) -> list[Delivery]:
    """https://developer.paypal.com/api/rest/webhooks/rest/#link-verifythesignature"""
    sent = Transmission.of(inbound)
    if sent.auth_algo != "SHA256withRSA":
        raise BadSignature("PayPal-Auth-Algo is not SHA256withRSA")
    _require_certificate_of_paypal(sent.cert_url)
    require_recent(sent.transmission_time, inbound.now, provider.patience)
    if provider.secret("WEBHOOK_VERIFY") == "api":
        raise Lengthy(partial(_ask_and_read, inbound, sent))
    key = certificates.key(sent.cert_url, inbound.now)
    if key is None:
        raise Lengthy(partial(_fetch_and_read, inbound, sent))
    return _verify_and_read(inbound, sent, key)


def _require_certificate_of_paypal(url: str) -> None:
    """It is a page of PayPal's own API: the key there is PayPal's, and nobody can have us ask anyone else."""
    base = provider.base_url
    for home in (base, base.replace("://api-m.", "://api.")):
        if url.startswith(home + CERTIFICATES) and NAME.fullmatch(url[len(home + CERTIFICATES) :]):
            return
    raise BadSignature("PayPal-Cert-Url is not a certificate of PayPal's")


def _fetch_and_read(inbound: Inbound, sent: Transmission) -> list[Delivery]:
    return _verify_and_read(inbound, sent, certificates.fetch(sent.cert_url, _signers(), inbound.now))


def _signers() -> tuple[str, ...]:
    """Whose certificate it must be: PayPal's sandbox does not sign for the live one."""
    return SIGNERS[1:] if "sandbox.paypal.com" in provider.base_url else SIGNERS[:1]


def _verify_and_read(inbound: Inbound, sent: Transmission, key: RSAPublicKey) -> list[Delivery]:
    for webhook in provider.secrets("WEBHOOK_ID"):
        # PayPal's simulator signs for a webhook of this name: anybody's simulated event would be ours.
        if webhook != "WEBHOOK_ID" and _fits(inbound.body, sent, webhook, key):
            return _read(inbound.body)
    raise BadSignature("no webhook of ours was signed for")


def _fits(body: bytes, sent: Transmission, webhook: str, key: RSAPublicKey) -> bool:
    message = f"{sent.transmission_id}|{sent.transmission_time}|{webhook}|{zlib.crc32(body)}"
    try:
        require_rsa(message.encode("utf-8", "surrogateescape"), sent.transmission_sig, key)
    except BadSignature:
        return False
    return True


def _ask_and_read(inbound: Inbound, sent: Transmission) -> list[Delivery]:
    deliveries = _read(inbound.body)  # it is one JSON object: what is spliced in below cannot reach beyond itself
    if not any(_is_confirmed(inbound.body, sent, webhook) for webhook in provider.secrets("WEBHOOK_ID")):
        raise BadSignature("PayPal did not sign this")
    return deliveries


def _is_confirmed(body: bytes, sent: Transmission, webhook: str) -> bool:
    """https://developer.paypal.com/docs/api/webhooks/v1/#verify-webhook-signature_post

    The event goes back byte for byte: written anew, a number or the order of keys might change, and the answer with it.
    """
    told = json.dumps({**asdict(sent), "webhook_id": webhook})
    question = told.removesuffix("}").encode() + b', "webhook_event": ' + body + b"}"
    url, headers = provider.base_url + VERIFY, {"Content-Type": "application/json"}
    try:
        answer = exchange("paypal", "POST", url, headers, question, auth=_auth(), as_json=True)
    except (Unauthorized, Forbidden) as error:  # we cannot ask: that says nothing of the delivery
        raise Retryable(f"PayPal does not let us ask: {error}") from error
    except Permanent as error:
        raise BadSignature(f"PayPal cannot make sense of it: {error}") from error
    return Payload.parse(answer.body).text("verification_status", "") == "SUCCESS"


@provider.provides(EventArchive)
def archive() -> PayPalArchive:
    return PayPalArchive(provider.base_url, _auth(), _read)


def _auth() -> Auth:
    """https://developer.paypal.com/api/rest/authentication/"""
    from integrations.http.tokens import OAuth  # tokens are rows, and a plug-in is imported where there are no tables

    url = f"{provider.base_url}/v1/oauth2/token"
    client, secret = provider.secret("CLIENT_ID"), provider.secret("CLIENT_SECRET")
    return OAuth(Client(vendor="paypal", url=url, client_id=client, client_secret=secret), patience=2.0)


def _read(body: bytes) -> list[Delivery]:
    event = Payload.parse(body)
    about = _order(event) or event.text("resource.id", "")
    return [Delivery(external_id=event.text("id"), kind=event.text("event_type"), body=body, object_key=about)]


def _order(event: Payload) -> str:
    """The order a capture or refund belongs to."""
    found = event.value("resource.supplementary_data.related_ids.order_id")
    return found if isinstance(found, str) else ""


@provider.on(
    "CHECKOUT.ORDER.APPROVED",
    "CHECKOUT.ORDER.COMPLETED",
    "CHECKOUT.PAYMENT-APPROVAL.REVERSED",
    "PAYMENT.CAPTURE.COMPLETED",
    "PAYMENT.CAPTURE.PENDING",
    "PAYMENT.CAPTURE.DENIED",
    "PAYMENT.CAPTURE.DECLINED",
    "PAYMENT.CAPTURE.REFUNDED",
    "PAYMENT.CAPTURE.REVERSED",
)
def payment_changed(event: Payload) -> Iterator[PaymentChanged]:
    """The signature covers a checksum of the body, no more: what became of the order is asked by its id."""
    reference = _order(event) or event.text("resource.id")
    yield PaymentChanged(source="paypal", reference=reference, attempt=_attempt(event))


def _attempt(event: Payload) -> str:
    """Our own attempt id, where we gave one: at the order's only purchase unit, or at its capture."""
    units = event.items("resource.purchase_units") if event.has("resource.purchase_units") else []
    place = Payload(units[0], "a purchase unit") if units else event.child("resource")
    return place.text("custom_id", "")


# They concern what Patchbay does not sell or do at PayPal yet; or are told by the events above.
provider.ignore(
    "BILLING.SUBSCRIPTION.CREATED",
    "CHECKOUT.ORDER.SAVED",
    "CHECKOUT.ORDER.PROCESSED",
    "PAYMENT.SALE.COMPLETED",
    "VAULT.PAYMENT-TOKEN.CREATED",
)
