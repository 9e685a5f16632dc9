"""Stripe takes payments and tells us when one changes. https://docs.stripe.com/webhooks"""

from collections.abc import Iterator

from integrations.contract import Credential, Delivery, Inbound, Lane, Provider
from integrations.errors import BadPayload, BadSignature
from integrations.facts import PaymentChanged
from integrations.http.policy import Policy
from integrations.payload import Payload
from integrations.ports import EventArchive, PaymentGateway
from integrations.signatures import require_fresh, require_hmac

provider = Provider(
    slug="stripe",
    name="Stripe",
    api="https://api.stripe.com",
    credentials=(
        Credential(name="SECRET_KEY", sandbox="sk_test_patchbay_sandbox", live="sk_live_"),
        Credential(name="WEBHOOK_SECRET", sandbox="whsec_patchbay_sandbox"),
    ),
    lane=Lane.URGENT,
    # A person waits at the checkout: six seconds are far beyond Stripe's worst good day, and twelve leave room for one
    # more try, twice over within the 25 s that a page may take.
    policy=Policy(attempt=6.0, deadline=12.0),
)


@provider.provides(PaymentGateway)
def gateway() -> PaymentGateway:
    from integrations.providers.stripe.gateway import StripeGateway  # the SDK takes half a second to import

    return StripeGateway(provider)


@provider.provides(EventArchive)
def archive() -> EventArchive:
    from integrations.providers.stripe.archive import StripeArchive
    from integrations.providers.stripe.client import client

    return StripeArchive(client(provider.secret("SECRET_KEY"), provider.base_url), PAYMENTS, read)


@provider.health
def probe() -> None:
    from integrations.providers.stripe.gateway import StripeGateway

    StripeGateway(provider).probe()


@provider.account
def account() -> Iterator[tuple[str, str]]:
    from integrations.providers.stripe.gateway import StripeGateway

    return StripeGateway(provider).account()


@provider.webhook
def receive(inbound: Inbound) -> list[Delivery]:
    """https://docs.stripe.com/webhooks/signature: `t=<unix>,v1=<hex>[,v1=<hex>…]` over `<t>.<body>`."""
    parts = [part.strip().partition("=") for part in inbound.header("Stripe-Signature").split(",")]
    times = [value for name, _, value in parts if name == "t"]
    if len(times) != 1:
        raise BadSignature("Stripe-Signature is missing or malformed")
    message = times[0].encode("utf-8", "surrogateescape") + b"." + inbound.body
    require_hmac(message, [value for name, _, value in parts if name == "v1"], provider.secrets("WEBHOOK_SECRET"))
    require_fresh(times[0], inbound.now)
    return [read(inbound.body)]


def read(body: bytes) -> Delivery:
    """What an event says; `BadPayload` for one of the other mode."""
    event = Payload.parse(body)
    _require_same_mode(event)
    about = event.text(f"{_subject(event)}.id", "")
    return Delivery(external_id=event.text("id"), kind=event.text("type"), body=body, object_key=about)


def _subject(event: Payload) -> str:
    """Where the event names its object: a thin one refers to it, a snapshot holds it.

    https://docs.stripe.com/event-destinations#thin-events
    """
    return "related_object" if event.value("object") == "v2.core.event" else "data.object"


def _require_same_mode(event: Payload) -> None:
    # One secret may be pasted into the other mode's endpoint; Stripe's SDK does not look at livemode.
    live = provider.secret("SECRET_KEY").startswith("sk_live_")
    if event.flag("livemode", live) != live:
        raise BadPayload("livemode is not that of our key")


PAYMENTS = (
    "checkout.session.completed",
    "checkout.session.expired",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
    "payment_intent.processing",
)
# Their news reaches us by the payment's own events, or concerns what Patchbay does not sell yet.
IGNORED = (
    "payment_intent.created",
    "payment_intent.requires_action",
    "payment_method.attached",
    "charge.succeeded",
    "charge.failed",
    "charge.updated",
    "customer.created",
    "customer.updated",
)
provider.ignore(*IGNORED, *(f"v1.{kind}" for kind in IGNORED), "v2.core.event_destination.ping")


@provider.on(*PAYMENTS, *(f"v1.{kind}" for kind in PAYMENTS))
def payment_changed(event: Payload) -> Iterator[PaymentChanged]:
    """A thin event is called as a snapshot is, after `v1.`; it says which payment, and nothing of whose."""
    about = event.child(_subject(event))
    yield PaymentChanged(
        source="stripe",
        reference=about.text("id"),
        attempt=about.child("metadata").text("attempt", "") if about.has("metadata") else "",
    )
