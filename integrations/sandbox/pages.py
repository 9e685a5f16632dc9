"""The sandbox's front page: what this is, who lives here, and what happened last."""

from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from integrations.registry import all_providers
from integrations.sandbox.html import page
from integrations.sandbox.world import Vendor, World

LATEST = 12


class Front:
    """What there is to see in one world."""

    def __init__(self, world: World, vendors: list[Vendor]) -> None:
        self._world, self._vendors = world, vendors

    async def show(self, _request: Request) -> Response:
        names = {slug: provider.name for slug, provider in all_providers().items()}
        context = {
            "vendors": [{"slug": vendor.slug, "name": names[vendor.slug]} for vendor in self._vendors],
            "mails": _latest(self._world.store.table("sendgrid", "mails").values()),
            "requests": _latest(self._world.traffic),
            "webhooks": [_sent(parcel) for parcel in _latest(self._world.courier.listed(""))],
            "ahead": self._world.clock.ahead,
        }
        return page("front.html", context)


def _latest(things: Any) -> list[dict[str, Any]]:
    return list(islice(reversed(things), LATEST))


def _sent(parcel: dict[str, Any]) -> dict[str, Any]:
    return {
        **parcel,
        "state": parcel["state"].replace("_", " "),
        "statuses": [attempt["status"] for attempt in parcel["tries"]],
    }
