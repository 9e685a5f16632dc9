"""PayPal's list of what it sent. https://developer.paypal.com/docs/api/webhooks/v1/#webhooks-events_list"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode, urlsplit

from integrations.contract import Delivery
from integrations.http.auth import Auth
from integrations.http.dates import clock_of, moment_in
from integrations.http.transport import Answer, exchange
from integrations.payload import Payload
from integrations.ports import Kept, Sent, SentPage

EVENTS = "/v1/notifications/webhooks-events"


class PayPalArchive:
    """PayPal's way of being an `EventArchive`. What is listed was sent to a webhook of our app."""

    reach = timedelta(days=30)

    def __init__(self, base_url: str, auth: Auth, read: Callable[[bytes], list[Delivery]]) -> None:
        self._url, self._auth, self._read = base_url + EVENTS, auth, read

    def page(self, since: datetime, until: datetime, cursor: str = "") -> SentPage:
        """`cursor` is the query of the link to the next page: of the link itself only that is believed."""
        first = {"page_size": "100", "start_time": _written(since), "end_time": _written(until)}
        answer = self._ask(f"?{cursor or urlencode(first)}")
        said = Payload.parse(answer.body)
        events = [Payload(item, "an event") for item in said.items("events")] if said.has("events") else []
        return SentPage(
            sent=[_sent(event) for event in events],
            cursor=_next(said) if events else "",
            clock=clock_of(answer.headers),
        )

    def fetch(self, handle: str) -> Kept:
        event = json.loads(self._ask(f"/{quote(handle, safe='')}").body)
        (delivery,) = self._read(json.dumps(event, separators=(",", ":")).encode())
        return Kept(delivery=delivery)

    def _ask(self, rest: str) -> Answer:
        return exchange("paypal", "GET", self._url + rest, {}, auth=self._auth, as_json=True)


def _sent(event: Payload) -> Sent:
    identifier = event.text("id")
    return Sent(
        id=identifier,
        kind=event.text("event_type"),
        at=moment_in(event.text("create_time"), "create_time"),
        handle=identifier,
    )


def _next(said: Payload) -> str:
    links = [Payload(item, "a link") for item in said.items("links")] if said.has("links") else []
    return next((urlsplit(link.text("href")).query for link in links if link.text("rel") == "next"), "")


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
