"""Who understands what a source says, and the lane its deliveries are in."""

from integrations.contract import Lane
from integrations.registry import all_providers
from webhooks.sources import Speaker, find


def speaker(source: str) -> Speaker:
    """The plug-in or the custom source; `NotConfigured` when there is none any more."""
    return find(source, asking=True)


def lane(source: str) -> Lane:
    """The lane of a source: a plug-in says its own, all others are in the normal one."""
    provider = all_providers().get(source)
    return provider.lane if provider else Lane.NORMAL
