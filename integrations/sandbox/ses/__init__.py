"""SNS's stand-in, as much of it as SES's reports need: the certificate it signs with, and the page that confirms."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from integrations.registry import all_providers
from integrations.sandbox.gate import Broken, stumble
from integrations.sandbox.signing.ses import PAGE, served
from integrations.sandbox.store import Json
from integrations.sandbox.world import Vendor, World


def vendor(world: World) -> Vendor:
    """SNS, in this world."""
    topics = Topics(world)
    routes = [Route(PAGE, topics.certificate), Route("/", topics.confirm), Route("/{path:path}", topics.unknown)]
    control = (Route("/subscriptions", topics.listed),)
    return Vendor(slug="ses", api=Router(routes), refusal=refusal, control=control)


def refusal(status: int, message: str) -> dict[str, Any]:
    """An error of AWS's query API, as JSON."""
    return {"Error": {"Type": "Sender" if status < 500 else "Receiver", "Message": message}}


class Topics:
    """The topics, and which subscriptions to them have been confirmed."""

    def __init__(self, world: World) -> None:
        self._store = world.store
        self._confirmed: dict[str, Json] = world.store.table("ses", "subscriptions")

    async def certificate(self, request: Request) -> Response:
        return await _working(request) or Response(served(), media_type="application/x-pem-file")

    async def confirm(self, request: Request) -> Response:
        """https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html"""
        query = request.query_params
        topic, token = query.get("TopicArn", ""), query.get("Token", "")
        if trouble := await _working(request):
            return trouble
        if query.get("Action") != "ConfirmSubscription" or topic not in all_providers()["ses"].secrets("WEBHOOK_TOPIC"):
            return JSONResponse(refusal(400, "Invalid parameter"), 400)
        self._confirmed[topic] = {"topic": topic, "token": token}
        self._store.changed()
        return Response(f"<SubscriptionArn>{topic}:{token[:8]}</SubscriptionArn>", media_type="text/xml")

    async def listed(self, _request: Request) -> Response:
        """`/_control/ses/subscriptions`: those that were confirmed."""
        return JSONResponse(list(self._confirmed.values()))

    async def unknown(self, request: Request) -> Response:
        words = f"The sandbox does not simulate {request.method} {request.url.path} yet."
        return JSONResponse(refusal(404, words), 404)


async def _working(request: Request) -> Response | None:
    """The answer of a vendor that fails in the midst of its work; None when it does not."""
    try:
        await stumble(request.scope)
    except Broken:
        return JSONResponse(refusal(500, "InternalFailure"), 500)
    return None
