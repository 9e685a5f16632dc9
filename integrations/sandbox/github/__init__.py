"""GitHub's stand-in, as much of it as webhooks need: what it sent to a hook, and sending it again."""

from integrations.sandbox.github.api import Deliveries, refusal
from integrations.sandbox.world import Vendor, World


def vendor(world: World) -> Vendor:
    """GitHub, in this world."""
    return Vendor(slug="github", api=Deliveries(world).router(), refusal=refusal)
