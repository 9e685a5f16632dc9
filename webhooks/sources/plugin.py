"""A vendor's plug-in as a source: what the door and processing ask of any source, answered by the plug-in."""

from dataclasses import dataclass

from integrations.contract import Delivery, Inbound, Provider
from integrations.credentials import secret
from integrations.facts import Fact
from webhooks.models import Delivery as Stored


@dataclass(frozen=True)
class PlugIn:
    """A plug-in that is configured and receives webhooks."""

    provider: Provider
    paused: bool = False
    secret_headers: frozenset[str] = frozenset()
    proofs: frozenset[str] = frozenset()

    @property
    def slug(self) -> str:
        return self.provider.slug

    @property
    def name(self) -> str:
        return self.provider.name

    @property
    def rate(self) -> float:
        """`<SLUG>_WEBHOOK_RATE`, requests a second; none when it is not set, or no number (webhooks.E003)."""
        return rate_in(secret(f"{self.provider.prefix}_WEBHOOK_RATE")) or 0.0

    @property
    def ignored(self) -> frozenset[str]:
        return self.provider.ignored

    def receive(self, inbound: Inbound) -> list[Delivery]:
        return self.provider.receive(inbound)

    def knows(self, kind: str) -> bool:
        return self.provider.knows(kind)

    def interpret(self, stored: Stored, body: bytes) -> list[Fact]:
        return self.provider.interpret(stored.kind, body)


def rate_in(text: str) -> float | None:
    """The rate that a variable holds; None for one that holds none."""
    try:
        rate = float(text or "0")
    except ValueError:
        return None
    return rate if 0 <= rate <= 1_000_000 else None
