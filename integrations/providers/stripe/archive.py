"""Stripe's list of events, which is its list of what it sent. https://docs.stripe.com/api/events/list

It lists whatever happened in the account, to which webhook or to none: only the kinds that have a meaning for us are
asked for. A thin event is told under an id of its own (`evt_…` of `/v2`), so one that came about the same object
stands for the snapshot in this list.
"""

import json
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from stripe import StripeClient

from integrations.contract import Delivery
from integrations.http.dates import clock_of
from integrations.payload import Payload
from integrations.ports import Kept, Sent, SentPage
from integrations.providers.stripe.client import ask

MOST_KINDS = 20  # https://docs.stripe.com/api/events/list#list_events-types


class StripeArchive:
    """Stripe's way of being an `EventArchive`, for these kinds of event."""

    reach = timedelta(days=30)

    def __init__(self, client: StripeClient, kinds: Collection[str], read: Callable[[bytes], Delivery]) -> None:
        self._client, self._kinds, self._read = client, sorted(kinds), read

    def page(self, since: datetime, until: datetime, cursor: str = "") -> SentPage:
        asked: dict[str, Any] = {
            "created": {"gte": int(since.timestamp()), "lte": int(until.timestamp())},
            "types": self._kinds,
            "limit": 100,
        }
        if cursor:
            asked["starting_after"] = cursor
        answer = ask(lambda: self._client.raw_request("get", "/v1/events", **asked))
        said = Payload(json.loads(answer.body), "the list of events")
        told = [_sent(Payload(item, "an event")) for item in said.items("data")]
        more = said.flag("has_more") and bool(told)
        return SentPage(sent=told, cursor=told[-1].id if more else "", clock=clock_of(answer.headers))

    def fetch(self, handle: str) -> Kept:
        """The event as it is listed; Stripe's webhook of it has the same fields."""
        answer = ask(lambda: self._client.raw_request("get", f"/v1/events/{handle}"))
        event = json.loads(answer.body)
        return Kept(delivery=self._read(json.dumps(event, separators=(",", ":")).encode()))


def _sent(event: Payload) -> Sent:
    identifier, kind = event.text("id"), event.text("type")
    return Sent(
        id=identifier,
        kind=kind,
        at=datetime.fromtimestamp(event.integer("created"), UTC),
        handle=identifier,
        # It counts the webhooks that have not taken it yet, ours or not.
        delivered=event.integer("pending_webhooks", 0) == 0,
        otherwise=f"v1.{kind}",
        object_key=event.text("data.object.id", ""),
    )
