"""Stripe's stand-in: Checkout by the official SDK, a hosted page to pay on, events by webhook and by list."""

from integrations.sandbox.stripe.api import Api
from integrations.sandbox.stripe.checkout import Checkout
from integrations.sandbox.stripe.control import Person
from integrations.sandbox.stripe.errors import refusal
from integrations.sandbox.stripe.hosted import Hosted
from integrations.sandbox.stripe.idempotency import Keys
from integrations.sandbox.stripe.ledger import Ledger
from integrations.sandbox.world import Vendor, World


def vendor(world: World) -> Vendor:
    """Stripe, in this world."""
    ledger = Ledger(world)
    checkout = Checkout(ledger)
    keys = Keys(world.store.table("stripe", "keys"), world.clock)
    return Vendor(
        slug="stripe",
        api=Api(ledger, checkout, keys).router(),
        refusal=refusal,
        pages=Hosted(ledger, checkout).routes(),
        control=Person(ledger, checkout).routes(),
        wake=checkout.wake,
        note=ledger.note,
    )
