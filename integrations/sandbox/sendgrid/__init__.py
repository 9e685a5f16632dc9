"""SendGrid's stand-in: takes mail, keeps it readable, and reports what became of it."""

from integrations.sandbox.sendgrid.api import Api
from integrations.sandbox.sendgrid.errors import refusal
from integrations.sandbox.sendgrid.post import PostOffice
from integrations.sandbox.world import Vendor, World


def vendor(world: World) -> Vendor:
    """SendGrid, in this world."""
    return Vendor(slug="sendgrid", api=Api(PostOffice(world)).router(), refusal=refusal)
