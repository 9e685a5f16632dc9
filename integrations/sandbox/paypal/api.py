"""PayPal's API. https://developer.paypal.com/docs/api/webhooks/v1/"""

import base64
import hmac
import json
import zlib
from collections.abc import Awaitable, Callable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from integrations.registry import all_providers
from integrations.sandbox.authority import signing_key
from integrations.sandbox.gate import Broken, stumble
from integrations.sandbox.paypal.errors import refusal
from integrations.sandbox.paypal.events import Events
from integrations.sandbox.signing.paypal import PAGE, served

TOKEN = "A21AA-patchbay-sandbox"  # noqa: S105  whoever reads this code may have it
EVENT = b'"webhook_event":'
Work = Callable[[Request], Awaitable[Response]]


def router(events: Events) -> Router:
    return Router(
        [
            Route(PAGE, _works(_certificate)),
            Route("/v1/oauth2/token", _works(_token), methods=["POST"]),
            Route("/v1/notifications/verify-webhook-signature", _works(_known(_verify)), methods=["POST"]),
            Route("/v1/notifications/webhooks-events", _works(_known(events.listed))),
            Route("/v1/notifications/webhooks-events/{id}", _works(_known(events.one))),
            Route("/v1/notifications/webhooks-events/{id}/resend", _works(_known(events.resend)), methods=["POST"]),
            Route("/{path:path}", _works(_unknown), methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        ]
    )


def _works(work: Work) -> Work:
    async def endpoint(request: Request) -> Response:
        try:
            await stumble(request.scope)
            return await work(request)
        except Broken:
            return JSONResponse(refusal(500, "An internal server error has occurred."), 500)

    return endpoint


def _known(work: Work) -> Work:
    """Only for a bearer of a token of ours."""

    async def endpoint(request: Request) -> Response:
        if request.headers.get("authorization") == f"Bearer {TOKEN}":
            return await work(request)
        words = "Token signature verification failed"
        return JSONResponse({"error": "invalid_token", "error_description": words}, 401)

    return endpoint


async def _certificate(_request: Request) -> Response:
    return Response(served(), media_type="application/x-pem-file")


async def _token(request: Request) -> Response:
    provider = all_providers()["paypal"]
    pair = f"{provider.secret('CLIENT_ID')}:{provider.secret('CLIENT_SECRET')}"
    wanted = f"Basic {base64.b64encode(pair.encode()).decode()}"
    if not hmac.compare_digest(request.headers.get("authorization", "").encode(), wanted.encode()):
        return JSONResponse({"error": "invalid_client", "error_description": "Client Authentication failed"}, 401)
    return JSONResponse({"access_token": TOKEN, "token_type": "Bearer", "expires_in": 32400, "scope": ""})


async def _verify(request: Request) -> Response:
    """The event's bytes are taken from the question as they stand there, as PayPal does."""
    question = await request.body()
    try:
        asked = json.loads(question)
        event = question[question.index(EVENT) + len(EVENT) :].strip()[:-1].strip()
        signature = base64.b64decode(asked["transmission_sig"], validate=True)
        told = "|".join(asked[name] for name in ("transmission_id", "transmission_time", "webhook_id"))
    except (ValueError, KeyError, TypeError):
        return JSONResponse(
            refusal(400, "Request is not well-formed, syntactically incorrect, or violates schema."), 400
        )
    return JSONResponse({"verification_status": _verdict(f"{told}|{zlib.crc32(event)}", signature)})


def _verdict(message: str, signature: bytes) -> str:
    try:
        signing_key().public_key().verify(signature, message.encode(), PKCS1v15(), SHA256())
    except InvalidSignature:
        return "FAILURE"
    return "SUCCESS"


async def _unknown(request: Request) -> Response:
    words = f"The sandbox does not simulate {request.method} {request.url.path} yet."
    return JSONResponse(refusal(404, words), 404)
