"""What the tests of the sandbox share: the official client of Stripe, and a session to pay."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe
from stripe.checkout import Session

from tests.peers import SandboxPeer

KEY = "sk_test_patchbay_sandbox"
VERSION = "2026-10-28.endive"


def stripe_client(peer: SandboxPeer, key: str = KEY) -> stripe.StripeClient:
    """Stripe's own client at the sandbox."""
    stripe.enable_telemetry = False
    addresses: Any = {"api": f"{peer.url}/stripe"}
    return stripe.StripeClient(key, base_addresses=addresses, stripe_version=VERSION, max_network_retries=0)


def wish(**changes: Any) -> Any:
    """The parameters of a good Checkout Session of 38 euros, with changes."""
    price = {"currency": "eur", "unit_amount": 1900, "product_data": {"name": "Patch cord"}}
    return {
        "mode": "payment",
        "client_reference_id": "attempt-1",
        "customer_email": "ada@example.com",
        "line_items": [{"quantity": 2, "price_data": price}],
        "metadata": {"attempt": "attempt-1"},
        "payment_intent_data": {"metadata": {"attempt": "attempt-1"}},
        "success_url": "http://shop.example/orders/1?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://shop.example/cart",
        **changes,
    }


@pytest.fixture
def client(sandbox: SandboxPeer) -> stripe.StripeClient:
    return stripe_client(sandbox)


@pytest.fixture
def session(client: stripe.StripeClient) -> Session:
    return client.v1.checkout.sessions.create(wish())


@pytest.fixture
def pay(sandbox: SandboxPeer) -> Callable[..., Any]:
    """Pay a session as a person does: `pay(session, card=…, authenticate=…)` returns the outcome."""
    return lambda session, **card: sandbox.control("POST", f"/stripe/checkout/{session.id}/pay", card)
