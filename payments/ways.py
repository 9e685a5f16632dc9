"""The ways of paying there are, and for how long one of them is better left alone."""

from dataclasses import dataclass

from integrations import registry
from integrations.ports import PaymentGateway
from payments.problems import BUSY, RESTING


@dataclass(frozen=True)
class Way:
    """One payment service; `wait` (seconds) until it is asked again, 0 when it is well, `inf` when staff decide."""

    slug: str
    name: str
    wait: float

    @classmethod
    def of(cls, slug: str) -> "Way":
        return cls(slug, registry.all_providers()[slug].name, registry.resting(slug))

    @property
    def trouble(self) -> str:
        """What ails it while it is left alone, for people."""
        return BUSY if registry.busy(self.slug) else RESTING


@dataclass(frozen=True)
class Ways:
    """All of them. `best` is the one to suggest; `wait` is 0 as long as one is well."""

    all: list[Way]

    @classmethod
    def today(cls) -> "Ways":
        return cls([Way.of(slug) for slug in registry.offering(PaymentGateway)])

    @property
    def best(self) -> Way | None:
        return min(self.all, key=lambda way: way.wait, default=None)

    @property
    def wait(self) -> float:
        return self.best.wait if self.best else 0
