"""The sandbox as one ASGI app, put together from its vendors; nothing of it outlives or is shared between apps."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from django.conf import settings
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from integrations.sandbox import github, paypal, sendgrid, ses, stripe
from integrations.sandbox.control import Control
from integrations.sandbox.gate import Gate
from integrations.sandbox.html import STATIC, page
from integrations.sandbox.pages import Front
from integrations.sandbox.world import Vendor, World

VENDORS: tuple[Callable[[World], Vendor], ...] = (
    stripe.vendor,
    sendgrid.vendor,
    paypal.vendor,
    ses.vendor,
    github.vendor,
)


def build(
    *, public_url: str, receiver: Callable[[], str] = lambda: settings.PATCHBAY_URL, state_file: Path | None = None
) -> Starlette:
    """The app. `public_url` is where people reach it; webhooks go to `receiver()`; memory is kept in `state_file`."""
    world = World(public_url.rstrip("/"), lambda: receiver().rstrip("/"), state_file)
    vendors = [vendor(world) for vendor in VENDORS]
    return Starlette(
        routes=[
            Route("/", Front(world, vendors).show),
            Mount("/_control", Control(world, vendors).app()),
            Mount("/_static", StaticFiles(directory=STATIC)),
            *(route for vendor in vendors for route in vendor.pages),
            *(Mount(f"/{vendor.slug}", _gated(vendor, world)) for vendor in vendors),
        ],
        exception_handlers={404: _not_found},
        lifespan=lambda _app: _living(world, vendors),
    )


def _gated(vendor: Vendor, world: World) -> Gate:
    return Gate(vendor.api, vendor.slug, vendor.refusal, world.faults, world.traffic, world.clock)


@asynccontextmanager
async def _living(world: World, vendors: list[Vendor]) -> AsyncIterator[None]:
    keeper = asyncio.create_task(world.store.keep())
    world.courier.resume()
    for vendor in vendors:
        vendor.wake()
    yield
    keeper.cancel()
    await world.errands.cancel()
    await world.courier.close()
    world.store.save()


async def _not_found(request: Request, _error: Exception) -> Response:
    words = f"Nothing in the sandbox answers at {request.url.path}."
    return page("notice.html", {"title": "There is no such page", "words": words, "link": "/"}, status=404)
