"""What one Stripe account holds: its sessions, payments and events, and the news of each on its way to us."""

import json
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from integrations.sandbox.delivery import Message
from integrations.sandbox.stripe import parts
from integrations.sandbox.world import World

Json = dict[str, Any]
API_VERSION = "2026-10-28.endive"


@dataclass(frozen=True, kw_only=True)
class Cause:
    """The API request behind an event; without one, a person or time is behind it."""

    request_id: str | None = None
    key: str | None = None


NOBODY = Cause()


class Ledger:
    """The account's tables in the sandbox's store, and the way its events are told."""

    def __init__(self, world: World) -> None:
        self.world = world
        store = world.store
        self.sessions = store.table("stripe", "sessions")
        self.line_items = store.table("stripe", "line_items")
        self.intents = store.table("stripe", "intents")
        self.methods = store.table("stripe", "payment_methods")
        self.charges = store.table("stripe", "charges")
        self.refunds = store.table("stripe", "refunds")
        self.events = store.table("stripe", "events")

    @property
    def now(self) -> int:
        return self.world.clock.stamp()

    def find(self, identifier: str) -> Json | None:
        """The object with this id, whichever its kind."""
        tables = (self.sessions, self.intents, self.methods, self.charges, self.refunds)
        return next((table[identifier] for table in tables if identifier in table), None)

    def tell(self, *news: tuple[str, Json], cause: Cause = NOBODY) -> None:
        """Write the events of one occasion down and send them; each shows its object as it is at this moment."""
        self.world.store.changed()
        events = [self._event(kind, about, cause) for kind, about in news]
        for event in events:
            self.events[event["id"]] = event
        self.world.courier.send("stripe", [_message(event) for event in events])

    def note(self, payload: object) -> str:
        """Take an event that was ordered for one that happened; a thin one is on no list here."""
        event = payload if isinstance(payload, dict) else {}
        identifier = event.get("id") if isinstance(event.get("id"), str) else ""
        if identifier and event.get("object") == "event":
            self.events[identifier] = event
        return identifier or ""

    def _event(self, kind: str, about: Json, cause: Cause) -> Json:
        """https://docs.stripe.com/api/events/object"""
        return {
            "id": parts.new("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.now,
            "data": {"object": deepcopy(about)},
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": cause.request_id, "idempotency_key": cause.key},
            "type": kind,
        }


def _message(event: Json) -> Message:
    # Stripe indents its webhooks, so that nobody gets away with signing a re-encoded body.
    return Message(id=event["id"], kind=event["type"], body=json.dumps(event, indent=2).encode())
