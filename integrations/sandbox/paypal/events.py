"""What PayPal says it has sent. https://developer.paypal.com/docs/api/webhooks/v1/#webhooks-events_list"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from integrations.registry import all_providers
from integrations.sandbox.delivery import Message
from integrations.sandbox.paypal.errors import refusal
from integrations.sandbox.world import World

Json = dict[str, Any]
PATH = "/v1/notifications/webhooks-events"
KEPT = timedelta(days=30)
MOST = 300


class Events:
    """The list of one world: every event that was sent or meant to be, dropped ones too."""

    def __init__(self, world: World) -> None:
        self._world = world

    def note(self, payload: object) -> str:
        """The event's own id: what is sent is on the list by that."""
        identifier = payload.get("id") if isinstance(payload, dict) else None
        return identifier if isinstance(identifier, str) else ""

    async def listed(self, request: Request) -> Response:
        """`start_time`, `end_time` (both included), `event_type`, `page_size`; the next page by its link."""
        asked = request.query_params
        try:
            size, start = int(asked.get("page_size", "10")), int(asked.get("start_index", "1"))
            first, last = (_moment(asked.get(name)) for name in ("start_time", "end_time"))
        except ValueError:
            return JSONResponse(refusal(400, "Invalid data provided"), 400)
        found = [
            parcel
            for parcel in reversed(self._kept())
            if (first is None or _moment(parcel["sent"]) >= first)
            and (last is None or _moment(parcel["sent"]) <= last)
            and asked.get("event_type", parcel["kind"]) == parcel["kind"]
        ]
        page = found[start - 1 : start - 1 + min(size, MOST)]
        links = [self._link(f"?{request.url.query}", "self")]
        if start - 1 + len(page) < len(found):
            links.append(self._link("?" + urlencode({**asked, "start_index": start + len(page)}), "next"))
        return JSONResponse({"events": [self._event(parcel) for parcel in page], "count": len(page), "links": links})

    async def one(self, request: Request) -> Response:
        parcel = self._find(request)
        return _unknown() if parcel is None else JSONResponse(self._event(parcel))

    async def resend(self, request: Request) -> Response:
        parcel = self._find(request)
        if parcel is None:
            return _unknown()
        message = Message(id=parcel["id"], kind=parcel["kind"], body=parcel["body"].encode())
        self._world.courier.send("paypal", [message])
        return JSONResponse(self._event(parcel), 202)

    def _kept(self) -> list[Json]:
        oldest = self._world.clock.now() - KEPT
        return [one for one in self._world.courier.listed("paypal") if datetime.fromisoformat(one["sent"]) >= oldest]

    def _find(self, request: Request) -> Json | None:
        return next((one for one in self._kept() if one["id"] == request.path_params["id"]), None)

    def _event(self, parcel: Json) -> Json:
        event: Json = json.loads(parcel["body"])
        return event

    def _link(self, rest: str, rel: str) -> Json:
        return {"href": f"{all_providers()['paypal'].base_url}{PATH}{rest}", "rel": rel, "method": "GET"}


def _moment(text: str | None) -> Any:
    if text is None:
        return None
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _unknown() -> Response:
    return JSONResponse(refusal(404, "The specified resource does not exist."), 404)
