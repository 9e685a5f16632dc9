"""What each fault of a vendor amounts to: for everything we ask, once in passing and for as long as an outage lasts.

Each row says what the caller gets, how many requests the vendor saw, and how often it did what was asked.
"""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.utils import timezone

from integrations import registry
from integrations.errors import OutcomeUnknown, RateLimited, Retryable, Spent
from integrations.ports import EventArchive, MailCarrier, PaymentGateway, PaymentLine, PaymentRequest
from integrations.sandbox.faults import FIGURES, PLAIN
from tests.clocks import eventually
from tests.faults import OUTAGE
from tests.peers import SandboxPeer

pytestmark = [pytest.mark.usefixtures("leaping"), pytest.mark.django_db]

REQUEST = PaymentRequest(
    attempt="attempt-1",
    key="key-1",
    order_number="1001",
    amount=1900,
    currency="EUR",
    lines=(PaymentLine(name="Cable", quantity=1, unit_amount=1900),),
    email="person@example.com",
    return_url="http://127.0.0.1:8000/orders/1001",
    cancel_url="http://127.0.0.1:8000/checkout",
)


@dataclass(frozen=True)
class Ending:
    """`error` None: it went well. `asked`: requests that the vendor saw; `done`: how often it did what we wanted."""

    error: type[Exception] | None
    asked: int
    done: int = 0


def well(asked: int, done: int = 1) -> Ending:
    return Ending(None, asked, done)


# A question may be put again at will.
READ = {
    #               once in passing                an outage
    "status:500": (well(2), Ending(Retryable, 3)),
    "status:502": (well(2), Ending(Retryable, 3)),
    "status:503": (well(2), Ending(Retryable, 3)),
    "429:2": (well(2), Ending(RateLimited, 3)),
    "timeout": (well(2), Ending(OutcomeUnknown, 3)),
    "slow:0.05": (well(1), well(1)),
    "reset": (well(2), Ending(OutcomeUnknown, 3)),
    "drop_reply": (well(2), Ending(OutcomeUnknown, 3)),
    "garbage": (well(2), Ending(OutcomeUnknown, 3)),
}

# What is done under an idempotency key may be, too: the key makes it one. Only a 500 is kept under the key for good.
UNDER_A_KEY = {
    #               once in passing                an outage
    "status:500": (Ending(Spent, 2), Ending(Spent, 2)),
    "status:502": (well(2), Ending(OutcomeUnknown, 3)),
    "status:503": (well(2), Ending(OutcomeUnknown, 3)),
    "429:2": (well(2), Ending(RateLimited, 3)),
    "timeout": (well(2), Ending(OutcomeUnknown, 3)),
    "slow:0.05": (well(1), well(1)),
    "reset": (well(2), Ending(OutcomeUnknown, 3)),
    "drop_reply": (well(2), Ending(OutcomeUnknown, 3, done=1)),
    "garbage": (well(2), Ending(OutcomeUnknown, 3, done=1)),
}

# Without a key only what was turned away for certain is put again; the rest is asked after before it is sent again.
WITHOUT_A_KEY = {
    #               once in passing                an outage
    "status:500": (Ending(OutcomeUnknown, 1), Ending(OutcomeUnknown, 1)),
    "status:502": (Ending(OutcomeUnknown, 1), Ending(OutcomeUnknown, 1)),
    "status:503": (Ending(OutcomeUnknown, 1), Ending(OutcomeUnknown, 1)),
    "429:2": (well(2), Ending(RateLimited, 3)),
    "timeout": (Ending(OutcomeUnknown, 1), Ending(OutcomeUnknown, 1)),
    "slow:0.05": (well(1), well(1)),
    "reset": (Ending(OutcomeUnknown, 1), Ending(OutcomeUnknown, 1)),
    "drop_reply": (Ending(OutcomeUnknown, 1, done=1), Ending(OutcomeUnknown, 1, done=1)),
    "garbage": (Ending(OutcomeUnknown, 1, done=1), Ending(OutcomeUnknown, 1, done=1)),
}


@dataclass(frozen=True)
class Operation:
    """Something we ask of a vendor; `match` is how the sandbox knows it; `done` counts what came of it."""

    vendor: str
    match: str
    ask: Callable[[], Any]
    rows: dict[str, tuple[Ending, Ending]]
    done: Callable[[SandboxPeer], int] | None = None


def gateway() -> PaymentGateway:
    return registry.port("stripe", PaymentGateway)


def send() -> None:
    message = EmailMessage("Subject", "Text", "shop@example.com", ["person@example.com"])
    message.metadata = {"mail": "mail-1"}
    registry.port("sendgrid", MailCarrier).backend().send_messages([message])


def sessions(sandbox: SandboxPeer) -> int:
    key = {"Authorization": f"Bearer {registry.all_providers()['stripe'].secret('SECRET_KEY')}"}
    return len(sandbox.ask("GET", "/stripe/v1/checkout/sessions", headers=key).json()["data"])


def mails(sandbox: SandboxPeer) -> int:
    return len(sandbox.control("GET", "/mail"))


def probe(slug: str) -> Callable[[], None]:
    return lambda: registry.all_providers()[slug].probe()


def fetch() -> None:
    assert gateway().fetch(gateway().start(REQUEST).reference).attempt == "attempt-1"


def accepted() -> None:
    assert registry.port("sendgrid", MailCarrier).accepted("mail-1") is False


def listed(slug: str) -> Callable[[], None]:
    def ask() -> None:
        now = timezone.now()
        assert registry.port(slug, EventArchive).page(now - timedelta(days=1), now).sent == []

    return ask


OPERATIONS = {
    "start a payment": Operation(
        "stripe", "POST /v1/checkout/sessions", lambda: gateway().start(REQUEST), UNDER_A_KEY, sessions
    ),
    "fetch a payment": Operation("stripe", "GET /v1/checkout/sessions/", fetch, READ),
    "probe the payment service": Operation("stripe", "GET /v1/balance", probe("stripe"), READ),
    "send a mail": Operation("sendgrid", "POST /v3/mail/send", send, WITHOUT_A_KEY, mails),
    "ask after a mail": Operation("sendgrid", "GET /v3/messages", accepted, READ),
    "list what PayPal sent": Operation("paypal", "GET /v1/notifications/webhooks-events", listed("paypal"), READ),
    "list what GitHub sent": Operation("github", "GET /repos/", listed("github"), READ),
    "list what Stripe sent": Operation("stripe", "GET /v1/events", listed("stripe"), READ),
    "probe the mail service": Operation("sendgrid", "GET /v3/scopes", probe("sendgrid"), READ),
}
CASES = [
    pytest.param(operation, fault, times, ending, id=f"{name}-{fault}-{'once' if times == 1 else 'outage'}")
    for name, operation in OPERATIONS.items()
    for fault, row in operation.rows.items()
    for times, ending in zip((1, OUTAGE), row, strict=True)
]


def seen(sandbox: SandboxPeer, operation: Operation) -> int:
    """How often the vendor was asked this."""
    method, path = operation.match.split()
    asked = sandbox.control("GET", f"/requests?provider={operation.vendor}")
    return sum(entry["method"] == method and entry["path"].startswith(path) for entry in asked)


@pytest.mark.parametrize(("operation", "name", "times", "ending"), CASES)
def test_a_fault_ends_as_its_row_says(sandbox, fault, operation, name, times, ending):
    fault(operation.vendor, operation.match, name, times)
    with pytest.raises(ending.error) if ending.error else nullcontext() as caught:
        operation.ask()
    assert caught is None or type(caught.value) is ending.error
    assert seen(sandbox, operation) == ending.asked
    sandbox.control("DELETE", "/faults")
    if operation.done:
        assert operation.done(sandbox) == ending.done


def test_every_fault_that_the_sandbox_can_make_has_its_row():
    for operation in OPERATIONS.values():
        assert {name.partition(":")[0] for name in operation.rows} == {*FIGURES, *PLAIN}


@pytest.mark.parametrize("name", [name for name in UNDER_A_KEY if name != "status:500"])
@pytest.mark.parametrize("times", [1, OUTAGE])
def test_whatever_happened_the_same_key_leads_to_one_payment(sandbox, fault, name, times):
    fault("stripe", "POST /v1/checkout/sessions", name, times)
    for _ in range(3):
        try:
            gateway().start(REQUEST)
        except Retryable:
            sandbox.control("DELETE", "/faults")
    assert gateway().start(REQUEST) == gateway().start(REQUEST)
    assert sessions(sandbox) == 1


def test_a_payment_slower_than_its_time_is_still_one_payment(sandbox, fault, hurry):
    hurry(0.2)
    fault("stripe", "POST /v1/checkout/sessions", "slow:0.5", times=1)
    with pytest.raises(Retryable):
        gateway().start(REQUEST)  # the second and third try find the key in use
    eventually(lambda: sessions(sandbox) == 1, "the payment is there")
    assert gateway().start(REQUEST).redirect_url
    assert sessions(sandbox) == 1
