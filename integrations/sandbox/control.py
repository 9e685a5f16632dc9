"""`/_control`: what the sandbox is asked outside of any vendor's API: look, break, wait, start over."""

import json
from datetime import timedelta
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from integrations.registry import all_providers
from integrations.sandbox.delivery import Manners, Message
from integrations.sandbox.faults import Fault
from integrations.sandbox.orders import REFUSALS, Unfit, Wish, order, refuse
from integrations.sandbox.samples import renewed, sample
from integrations.sandbox.signing import SIGNERS
from integrations.sandbox.world import Vendor, World

FOREVER = 10 * 365 * 86_400
MAIL = ("to", "from", "subject", "text", "html", "at")


class Control:
    """The control surface of one world and its vendors."""

    def __init__(self, world: World, vendors: list[Vendor]) -> None:
        self._world, self._vendors = world, vendors

    def app(self) -> Starlette:
        routes = [
            Route("/health", self.health),
            Route("/credentials", self.credentials),
            Route("/mail", self.mail),
            Route("/requests", self.requests),
            Route("/faults", self.faults),
            Route("/faults", self.add_fault, methods=["POST"]),
            Route("/faults", self.clear_faults, methods=["DELETE"]),
            Route("/webhooks", self.webhooks),
            Route("/webhooks", self.behave, methods=["POST"]),
            Route("/send", self.send, methods=["POST"]),
            Route("/clock", self.clock),
            Route("/clock", self.advance, methods=["POST"]),
            Route("/reset", self.reset, methods=["POST"]),
            *(Mount(f"/{vendor.slug}", routes=vendor.control) for vendor in self._vendors),
        ]
        return Starlette(routes=routes, exception_handlers=dict.fromkeys(REFUSALS, refuse))

    async def health(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok", "vendors": [vendor.slug for vendor in self._vendors]})

    async def credentials(self, _request: Request) -> Response:
        """The test credentials in force, by vendor and lower-case name."""
        return JSONResponse(
            {
                slug: {name.lower(): value for name, value in provider.values().items()}
                for slug, provider in all_providers().items()
            }
        )

    async def mail(self, request: Request) -> Response:
        """`?to=` is one recipient's address. Oldest first."""
        to = request.query_params.get("to", "").lower()
        mails = self._world.store.table("sendgrid", "mails").values()
        return JSONResponse([{name: mail[name] for name in MAIL} for mail in mails if to in ("", mail["to"].lower())])

    async def requests(self, request: Request) -> Response:
        """What the vendors were asked, oldest first; `status` is null for a request that got no answer."""
        provider = request.query_params.get("provider", "")
        return JSONResponse([entry for entry in self._world.traffic if provider in ("", entry["provider"])])

    async def faults(self, _request: Request) -> Response:
        return JSONResponse(self._world.faults.listed())

    async def add_fault(self, request: Request) -> Response:
        wish = await order(request)
        fault = Fault(
            provider=self._simulated(wish),
            match=wish.text("match", "*"),
            fault=wish.text("fault"),
            times=wish.integer("times", 1),
        )
        self._world.faults.add(fault)
        return JSONResponse(self._world.faults.listed(), 201)

    async def clear_faults(self, _request: Request) -> Response:
        self._world.faults.clear()
        return Response(status_code=204)

    async def webhooks(self, request: Request) -> Response:
        """What was sent to us, and how each try went."""
        return JSONResponse(self._world.courier.listed(request.query_params.get("provider", "")))

    async def behave(self, request: Request) -> Response:
        """`{provider, drop, duplicate, shuffle, delay}`: what is left out is back to normal."""
        wish = await order(request)
        manners = Manners(
            drop=wish.number("drop", 0.0),
            duplicate=wish.number("duplicate", 0.0),
            shuffle=wish.flag("shuffle", False),
            delay=wish.number("delay", 0.0),
        )
        self._world.courier.behave(_sender(wish), manners)
        return Response(status_code=204)

    async def send(self, request: Request) -> Response:
        """`{provider, kind, payload}`: send one webhook, signed; without a payload a fresh sample of its kind.

        With `payloads`, a list, one for each of them on one occasion.
        """
        wish = await order(request)
        provider, kind = _sender(wish), wish.text("kind")
        payloads = wish.items("payloads") if wish.has("payloads") else [wish.whole("payload")]
        messages = [self._message(provider, kind, payload) for payload in payloads]
        if not messages:
            raise Unfit("payloads is empty")
        self._world.courier.send(provider, messages)
        return JSONResponse({"id": messages[0].id, "ids": [message.id for message in messages]}, 202)

    def _message(self, provider: str, kind: str, payload: object) -> Message:
        if payload is None:
            payload = _sampled(provider, kind, self._world)
        vendor = next((vendor for vendor in self._vendors if vendor.slug == provider), None)
        own = vendor.note(payload) if vendor else ""
        return Message(id=own or str(uuid4()), kind=kind, body=json.dumps(payload).encode())

    async def clock(self, _request: Request) -> Response:
        clock = self._world.clock
        return JSONResponse({"now": clock.now().isoformat(), "ahead": clock.ahead.total_seconds()})

    async def advance(self, request: Request) -> Response:
        """`{advance}` is in seconds; whatever was due by then happens."""
        seconds = (await order(request)).number("advance", -1)
        if not 0 <= seconds <= FOREVER:
            raise Unfit("advance is a number of seconds, from 0 to ten years")
        self._world.advance(timedelta(seconds=seconds))
        return await self.clock(request)

    async def reset(self, _request: Request) -> Response:
        await self._world.reset()
        return Response(status_code=204)

    def _simulated(self, wish: Wish) -> str:
        known = [vendor.slug for vendor in self._vendors]
        if wish.text("provider") not in known:
            raise Unfit(f"provider must be one of {', '.join(known)}; not {wish.text('provider')!r}")
        return wish.text("provider")


def _sender(wish: Wish) -> str:
    if wish.text("provider") not in SIGNERS:
        raise Unfit(f"provider must be one of {', '.join(SIGNERS)}; not {wish.text('provider')!r}")
    return wish.text("provider")


def _sampled(provider: str, kind: str, world: World) -> object:
    try:
        return renewed(provider, sample(provider, kind), world.clock.now())
    except KeyError as error:
        raise Unfit(str(error.args[0])) from error
