"""Which source speaks under a slug: a plug-in, or one that staff set up. Both answer the same questions."""

from integrations import registry
from integrations.errors import NotConfigured
from webhooks.sources.custom import Custom
from webhooks.sources.plugin import PlugIn
from webhooks.sources.rounds import rounds
from webhooks.sources.snapshot import snapshot

Speaker = PlugIn | Custom


def find(slug: str, *, asking: bool = False) -> Speaker:
    """The source; `NotConfigured` when there is none. A plug-in's slug is never a custom source's.

    It asks no database, so a source that another process has just made is unknown for up to two seconds. `asking`
    looks once more before it says so; that is for workers, who know from a stored delivery that there was one.
    """
    if slug in registry.all_providers():
        return PlugIn(registry.source(slug))
    rounds.start()
    known = snapshot.get(slug)
    if known is None and asking:
        snapshot.refresh()
        known = snapshot.get(slug)
    if known is None:
        raise NotConfigured(f"no webhook source {slug!r}")
    return known
