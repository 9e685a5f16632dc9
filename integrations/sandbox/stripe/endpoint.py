"""One door for every request to Stripe's API: key, parameters, idempotency, work, answer."""

import hmac
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from integrations.registry import all_providers
from integrations.sandbox.gate import Broken, stumble
from integrations.sandbox.stripe import expand, forms, parts, shapes
from integrations.sandbox.stripe.errors import StripeError, refusal
from integrations.sandbox.stripe.idempotency import Answer, Keys
from integrations.sandbox.stripe.ledger import API_VERSION, Cause, Ledger

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Call:
    """What a piece of work is given: the id in the path, the parameters, and what to name as the cause of events."""

    id: str
    params: Json
    cause: Cause
    path: str


Work = Callable[[Call], Json]


class Endpoint:
    """`shape` is the SDK's type of the parameters; `work` raises `StripeError` or returns an object."""

    def __init__(self, ledger: Ledger, keys: Keys, shape: type, work: Work) -> None:
        self._ledger, self._keys, self._shape, self._work = ledger, keys, shape, work

    async def answer(self, request: Request) -> Response:
        request_id = parts.new("req", 14)
        key = request.headers.get("idempotency-key", "") if request.method == "POST" else ""
        try:
            require_key(request)
            answer = await self._asked(request, request_id, key)
        except StripeError as error:
            answer = Answer(status=error.status, body=error.body)
        return respond(answer, request_id, key)

    async def _asked(self, request: Request, request_id: str, key: str) -> Answer:
        text = (await request.body()).decode(errors="replace") if request.method == "POST" else request.url.query
        params = forms.parse(text)
        call = Call(
            id=request.path_params.get("id", ""),
            params=shapes.read(params, self._shape),
            cause=Cause(request_id=request_id, key=key or None),
            path=request.url.path,
        )

        async def work() -> Answer:
            try:
                await stumble(request.scope)
                return Answer(
                    status=200, body=expand.expanded(self._work(call), call.params.get("expand", []), self._ledger)
                )
            except StripeError as error:
                return Answer(status=error.status, body=error.body)
            except Broken:
                return Answer(
                    status=500, body=refusal(500, "Sorry! There was an error while talking to one of our backends.")
                )

        return await self._keys.once(key, [request.url.path, params], request_id, work)


def require_key(request: Request) -> None:
    """`StripeError` unless the request carries the secret key in force, as a bearer token or as Basic's user."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        given = _user(given)
    if not given:
        raise StripeError(
            401,
            "You did not provide an API key. Give it in the Authorization header: 'Bearer YOUR_SECRET_KEY'.",
        )
    if not hmac.compare_digest(given.encode(), all_providers()["stripe"].secret("SECRET_KEY").encode()):
        raise StripeError(401, f"Invalid API Key provided: {given[:7]}{'*' * 8}{given[-4:]}")


def _user(basic: str) -> str:
    try:
        return b64decode(basic, validate=True).decode().partition(":")[0]
    except (NotBase64, UnicodeDecodeError):
        return ""


def respond(answer: Answer, request_id: str, key: str) -> Response:
    """The answer with the headers Stripe sends."""
    optional = {
        "Idempotency-Key": key,
        "Original-Request": answer.original,
        "Idempotent-Replayed": "true" if answer.original else "",
    }
    headers = {"Request-Id": request_id, "Stripe-Version": API_VERSION}
    headers |= {name: value for name, value in optional.items() if value}
    return JSONResponse(answer.body, answer.status, headers)
