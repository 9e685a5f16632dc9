"""SendGrid's API, as much of it as Patchbay asks. https://www.twilio.com/docs/sendgrid/api-reference"""

import hmac
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from integrations.registry import all_providers
from integrations.sandbox.gate import Broken, stumble
from integrations.sandbox.sendgrid.errors import SendGridError, refusal
from integrations.sandbox.sendgrid.post import PostOffice, activity
from integrations.sandbox.sendgrid.query import matcher
from integrations.sandbox.sendgrid.rules import require_sendable

Work = Callable[[Request], Awaitable[Response]]


class Api:
    """What each address of the API does with the account's post office."""

    def __init__(self, office: PostOffice) -> None:
        self._office = office

    def router(self) -> Router:
        return Router(
            [
                Route("/v3/mail/send", _guarded(self.send), methods=["POST"]),
                Route("/v3/messages", _guarded(self.messages), methods=["GET"]),
                Route("/v3/scopes", _guarded(self.scopes), methods=["GET"]),
                Route("/{path:path}", _guarded(self.unknown), methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
            ]
        )

    async def send(self, request: Request) -> Response:
        mail = await _json(request)
        require_sendable(mail)
        if _is_rehearsal(mail):
            return Response(status_code=200)
        return Response(status_code=202, headers={"X-Message-Id": self._office.take(mail)})

    async def messages(self, request: Request) -> Response:
        limit = request.query_params.get("limit", "")
        if not (limit.isascii() and limit.isdigit() and 1 <= int(limit) <= 1000):
            raise SendGridError(400, "limit must be a number from 1 to 1000", "limit")
        wanted = matcher(request.query_params.get("query", ""))
        found = [activity(mail) for mail in reversed(self._office.mails.values()) if wanted(mail)]
        return JSONResponse({"messages": found[: int(limit)]})

    async def scopes(self, _request: Request) -> Response:
        return JSONResponse({"scopes": ["mail.send", "messages.read"]})

    async def unknown(self, request: Request) -> Response:
        raise SendGridError(404, f"The sandbox does not simulate {request.method} {request.url.path} yet.")


def _guarded(work: Work) -> Work:
    """The work behind a key check, its errors in SendGrid's shape."""

    async def endpoint(request: Request) -> Response:
        try:
            _require_key(request)
            await stumble(request.scope)
            return await work(request)
        except SendGridError as error:
            return JSONResponse(error.body, error.status)
        except Broken:
            return JSONResponse(refusal(500, "The server encountered an internal error."), 500)

    return endpoint


def _require_key(request: Request) -> None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    key = all_providers()["sendgrid"].secret("API_KEY")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.encode(), key.encode()):
        raise SendGridError(401, "The provided authorization grant is invalid, expired, or revoked")


def _is_rehearsal(mail: dict[str, Any]) -> bool:
    """SendGrid's own sandbox mode: the mail is checked and not sent."""
    mode = mail.get("mail_settings", {}).get("sandbox_mode")
    return isinstance(mode, dict) and mode.get("enable") is True


async def _json(request: Request) -> Any:
    try:
        body = json.loads(await request.body())
        json.dumps(body, ensure_ascii=False, allow_nan=False).encode()  # half a surrogate pair is no text
        return body
    except (ValueError, RecursionError) as error:
        raise SendGridError(400, "Bad Request") from error
