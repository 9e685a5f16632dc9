"""PayPal's stand-in, as much of it as webhooks need: certificate, tokens, its word on a signature, what it sent."""

from integrations.sandbox.paypal.api import router
from integrations.sandbox.paypal.errors import refusal
from integrations.sandbox.paypal.events import Events
from integrations.sandbox.world import Vendor, World


def vendor(world: World) -> Vendor:
    """PayPal, in this world."""
    events = Events(world)
    return Vendor(slug="paypal", api=router(events), refusal=refusal, note=events.note)
