"""A source that staff set up, as a snapshot holds it: what the door and processing ask of any source."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from integrations.contract import QUICK, Delivery, Inbound, Lengthy
from integrations.errors import BadPayload, NotConfigured
from integrations.facts import Fact, SourceSpoke
from integrations.payload import parse_json
from webhooks.models import Delivery as Stored
from webhooks.sources.places import Place, first
from webhooks.sources.schemes import Scheme

MOST_AT_ONCE = 1000  # events in one array


@dataclass(frozen=True)
class Secret:
    """An open secret, in memory alone; None for one that does not expire."""

    text: str
    expires_at: datetime | None

    def __repr__(self) -> str:
        return "Secret(…)"


@dataclass(frozen=True)
class Custom:
    """One custom source. `rate` is requests a second, 0 for no limit."""

    slug: str
    name: str
    rate: float
    paused: bool
    scheme: Scheme
    secrets: Sequence[Secret]
    ignored: frozenset[str]
    id_from: Sequence[Place]
    type_from: Sequence[Place]
    object_from: Sequence[Place]
    json: bool = True
    split: bool = False

    def receive(self, inbound: Inbound) -> list[Delivery]:
        """The deliveries in a genuine request; `Refused` for any other, `NotConfigured` when no secret is left.

        `Lengthy` for a large batch.
        """
        self.scheme.require(inbound, self.live_secrets(inbound.now))
        if self.split and len(inbound.body) > QUICK:
            raise Lengthy(partial(self.read, inbound), genuine=True)
        return self.read(inbound)

    def live_secrets(self, now: datetime) -> list[str]:
        """The secrets that are good at `now`, the newest first; `NotConfigured` where there has to be one."""
        live = [secret.text for secret in self.secrets if secret.expires_at is None or secret.expires_at > now]
        if self.scheme.has_secret and not live:
            raise NotConfigured(f"{self.slug!r} has no secret that can be used")
        return live

    def read(self, inbound: Inbound) -> list[Delivery]:
        """What the request says, proved or not; `BadPayload` when it cannot be read."""
        data = self._data(inbound.body)
        if not (self.split and isinstance(data, list)):
            return [self._delivery(inbound, inbound.body, data)]
        if len(data) > MOST_AT_ONCE:
            raise BadPayload(f"the body has more than {MOST_AT_ONCE} events")
        return list(self._parts(inbound, data))

    def knows(self, kind: str) -> bool:
        return kind not in self.ignored

    def interpret(self, stored: Stored, _body: bytes) -> list[Fact]:
        """That it has spoken, of what, and where to read it."""
        spoke = SourceSpoke(source=self.slug, kind=stored.kind, object_key=stored.object_key, delivery=stored.pk)
        return [spoke]

    @property
    def secret_headers(self) -> frozenset[str]:
        return self.scheme.credentials

    @property
    def proofs(self) -> frozenset[str]:
        return self.scheme.proofs

    def _data(self, body: bytes) -> Any:
        try:
            return parse_json(body)
        except BadPayload:
            if self.json:
                raise
            return None

    def _parts(self, inbound: Inbound, data: list[Any]) -> Iterator[Delivery]:
        for part in data:
            if not isinstance(part, dict):
                raise BadPayload("an event in the body is not an object")
            yield self._delivery(inbound, json.dumps(part, separators=(",", ":")).encode(), part)

    def _delivery(self, inbound: Inbound, body: bytes, data: Any) -> Delivery:
        identifier, kind, key = (
            first(where, inbound.headers, body, data) for where in (self.id_from, self.type_from, self.object_from)
        )
        return Delivery(external_id=identifier, kind=kind, object_key=key, body=body)
