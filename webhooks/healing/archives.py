"""Which sources can be healed, and why others cannot, in words."""

from integrations import registry
from integrations.contract import Provider
from integrations.ports import EventArchive


def healable() -> list[str]:
    """The sources whose vendor tells what it has sent, and lets us ask."""
    return [slug for slug in registry.offering(EventArchive) if registry.all_providers()[slug].receives]


def archive_of(source: str) -> EventArchive:
    """The vendor's list; `NotConfigured` where there is none to ask."""
    return registry.port(source, EventArchive)


def obstacle(source: str) -> str:
    """Why the source cannot be healed, as a sentence; empty when it can."""
    provider = registry.all_providers().get(source)
    if provider is None:
        return "Deliveries of custom sources cannot be healed: their senders offer no list of what they sent."
    if not provider.could_offer(EventArchive):
        return f"{provider.name} deliveries cannot be healed: {provider.name} offers no list of what it sent."
    if missing := wanting(provider):
        return f"{provider.name} deliveries cannot be healed: set {' and '.join(missing)}."
    return ""


def wanting(provider: Provider) -> list[str]:
    """The variables to set so that the vendor can be asked."""
    return provider.missing() or provider.lacking(EventArchive)
