"""Who may speak at the door: `find(slug)` answers for vendors' plug-ins and for sources that staff set up alike."""

from webhooks.sources.finding import Speaker, find

__all__ = ["Speaker", "find"]
