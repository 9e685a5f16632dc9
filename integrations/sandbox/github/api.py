"""GitHub's API about the deliveries of a webhook. https://docs.github.com/en/rest/repos/webhooks"""

import hmac
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from integrations.registry import all_providers
from integrations.sandbox.delivery import Message
from integrations.sandbox.gate import Broken, stumble
from integrations.sandbox.signing import sign
from integrations.sandbox.world import World

Json = dict[str, Any]
Work = Callable[[Request], Awaitable[Response]]
KEPT = timedelta(days=3)
DOCS = "https://docs.github.com/rest"


def refusal(status: int, message: str) -> Json:
    """An error in GitHub's shape."""
    return {"message": message, "documentation_url": DOCS, "status": str(status)}


class Deliveries:
    """The deliveries of the one hook there is, newest first: each try is one, and a dropped one failed to connect."""

    def __init__(self, world: World) -> None:
        self._world = world

    def router(self) -> Router:
        hook = all_providers()["github"].variables
        home = "/" + _home(next(item.sandbox for item in hook if item.name == "HOOK"))
        return Router(
            [
                Route(f"{home}/deliveries", self._works(self.listed)),
                Route(f"{home}/deliveries/{{id:int}}", self._works(self.one)),
                Route(f"{home}/deliveries/{{id:int}}/attempts", self._works(self.again), methods=["POST"]),
                Route("/{path:path}", self._works(_unknown), methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
            ]
        )

    async def listed(self, request: Request) -> Response:
        """`per_page` (1 to 100) and `cursor`, which the Link header gives; `redelivery`, `true` or `false`."""
        asked = request.query_params
        per_page, cursor = asked.get("per_page", "30"), asked.get("cursor", "")
        items = [item for item in self._items() if asked.get("redelivery", "") in ("", str(item["redelivery"]).lower())]
        places = {f"v1_{item['id']}": place for place, item in enumerate(items)}
        if not per_page.isdigit() or (cursor and cursor not in places):
            return JSONResponse(refusal(422, "Invalid cursor or per_page"), 422)
        first = places.get(cursor, 0)
        page = items[first : first + min(max(int(per_page), 1), 100)]
        left = items[first + len(page) : first + len(page) + 1]
        url = request.url.include_query_params(cursor=f"v1_{left[0]['id']}") if left else ""
        return JSONResponse([_brief(item) for item in page], headers={"Link": f'<{url}>; rel="next"'} if left else None)

    async def one(self, request: Request) -> Response:
        item = self._find(request)
        return await _unknown(request) if item is None else JSONResponse(_whole(item))

    async def again(self, request: Request) -> Response:
        item = self._find(request)
        if item is None:
            return await _unknown(request)
        parcel = item["parcel"]
        message = Message(id=parcel["id"], kind=parcel["kind"], body=parcel["body"].encode())
        self._world.courier.send("github", [message])
        return JSONResponse({}, 202)

    def _items(self) -> list[Json]:
        oldest = self._world.clock.now() - KEPT
        parcels = self._world.courier.listed("github")
        items = [item for parcel in parcels for item in _tries(parcel) if item["at"] >= oldest]
        return sorted(items, key=lambda item: item["at"], reverse=True)

    def _find(self, request: Request) -> Json | None:
        return next((item for item in self._items() if item["id"] == request.path_params["id"]), None)

    def _works(self, work: Work) -> Work:
        async def endpoint(request: Request) -> Response:
            wanted = f"Bearer {all_providers()['github'].secret('TOKEN')}"
            if not hmac.compare_digest(request.headers.get("authorization", "").encode(), wanted.encode()):
                return JSONResponse(refusal(401, "Bad credentials"), 401)
            try:
                await stumble(request.scope)
                return await work(request)
            except Broken:
                return JSONResponse(refusal(500, "Server Error"), 500)

        return endpoint


def _home(hook: str) -> str:
    *whose, number = hook.split("/")
    return f"{'repos' if len(whose) == 2 else 'orgs'}/{'/'.join(whose)}/hooks/{number}"


def _tries(parcel: Json) -> list[Json]:
    """A delivery for each try; one that never left is one try that found nobody."""
    sent = {"at": parcel["sent"], "status": None}
    tries = parcel["tries"] or ([sent] if parcel["state"] == "dropped" else [])
    return [_item(parcel, number, one) for number, one in enumerate(tries)]


def _item(parcel: Json, number: int, tried: Json) -> Json:
    return {
        "id": crc32(f"{parcel['id']} {number}".encode()) + (1 << 32),
        "at": datetime.fromisoformat(tried["at"]).astimezone(UTC),
        "redelivery": number > 0,
        "code": tried["status"] or 502,
        "parcel": parcel,
    }


def _whole(item: Json) -> Json:
    payload = json.loads(item["parcel"]["body"])
    request = {"headers": _headers(item["parcel"]), "payload": payload}
    return {**_brief(item), "url": "", "request": request, "response": {"headers": {}, "payload": ""}}


def _headers(parcel: Json) -> Json:
    return sign("github", parcel["body"].encode(), kind=parcel["kind"], now=datetime.now(UTC), delivery=parcel["id"])


def _brief(item: Json) -> Json:
    """https://docs.github.com/en/rest/repos/webhooks#list-deliveries-for-a-repository-webhook"""
    parcel = item["parcel"]
    payload = json.loads(parcel["body"])
    said = payload if isinstance(payload, dict) else {}
    repository = said.get("repository")
    return {
        "id": item["id"],
        "guid": parcel["id"],
        "delivered_at": item["at"].isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "redelivery": item["redelivery"],
        "duration": 0.1,
        "status": "OK" if item["code"] < 300 else "failed to connect to host",
        "status_code": item["code"],
        "event": parcel["kind"],
        "action": said.get("action"),
        "installation_id": None,
        "repository_id": repository.get("id") if isinstance(repository, dict) else None,
        "throttled_at": None,
    }


async def _unknown(_request: Request) -> Response:
    return JSONResponse(refusal(404, "Not Found"), 404)
