"""Acknowledged webhooks a second: our endpoint beside the same endpoint as a plain Django view."""

from dataclasses import dataclass, field
from statistics import median

from bench import servers
from bench.databases import Database
from bench.load import Job, Outcome, measure

ROUNDS = 3
EXPECTED = 5.0
# A broker that only this process knows: wake-ups are sent as ever, and no worker competes for the processors.
ENVIRONMENT = {"BROKER_URL": "memory://nobody", "PATCHBAY_SANDBOX": "1", "REDIS_URL": ""}
PLAIN = ["-m", "bench.plain"]
CONTESTANTS = {
    "patchbay": (servers.OURS, ""),
    "django-asgi": (PLAIN, "asgi"),
    "django-wsgi": (PLAIN, "wsgi"),
}


class Lost(Exception):
    """A server acknowledged another number of webhooks than it stored."""


@dataclass
class Contestant:
    """A running server, its database, and what it did in each round."""

    name: str
    port: int
    database: Database
    rounds: list[Outcome] = field(default_factory=list)

    def compete(self, seconds: float) -> None:
        """One round; `Lost` unless the rows are as many as the acknowledgements so far."""
        self.rounds.append(measure(Job(self.port, seconds)))
        acknowledged, stored = sum(outcome.acknowledged for outcome in self.rounds), self.database.count()
        if acknowledged != stored:
            raise Lost(f"{self.name} acknowledged {acknowledged} and stored {stored}: {self.rounds[-1].statuses}")

    @property
    def rate(self) -> float:
        return median(outcome.rate for outcome in self.rounds)
