"""Acknowledged webhooks a second: our endpoint beside the same as a plain Django view, and beside pgbench."""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from bench import databases, pgbench, servers
from bench.databases import Copies, Database
from bench.load import Job, Outcome, measure
from bench.pgbench import Inserts
from bench.report import Line, Result

ROUNDS = 3
EXPECTED = 5.0
EXPECTED_OF_PGBENCH = 0.5
# A broker that only this process knows: wake-ups are sent as ever, and no worker competes for the processors.
# The credentials are where they are in production: not to find them first costs two look-ups each.
ENVIRONMENT = {
    "BROKER_URL": "memory://nobody",
    "STRIPE_SECRET_KEY": "sk_test_patchbay_sandbox",
    "STRIPE_WEBHOOK_SECRET": "whsec_patchbay_sandbox",
}
PLAIN = ["-m", "bench.plain"]
SERVE = ["manage.py", "serve"]
# pgbench has every processor to itself: beside it we are as many processes as there are processors.
MANY = str(max(2, os.cpu_count() or 1))
CONTESTANTS = {"patchbay": SERVE, "asgi": PLAIN, "wsgi": PLAIN, "many": SERVE}
YARDSTICKS = {"asgi": "a view under Django's ASGI handler", "wsgi": "a view over the WSGI bridge"}

Rates = dict[str, float]


class Lost(Exception):
    """A server acknowledged another number of webhooks than it stored."""


@dataclass
class Contestant:
    """A running server, its database, and what it did in each round."""

    name: str
    port: int
    database: Database
    rounds: list[Outcome] = field(default_factory=list)
    connections: int = 32
    stored: int = 0

    def __post_init__(self) -> None:
        self.stored = self.database.count()

    def compete(self, seconds: float) -> None:
        """One round; `Lost` unless the rows are as many as the acknowledgements so far."""
        self.rounds.append(measure(Job(self.port, seconds, self.connections)))
        acknowledged = sum(outcome.acknowledged for outcome in self.rounds)
        stored = self.database.count() - self.stored
        if acknowledged != stored:
            raise Lost(f"{self.name} acknowledged {acknowledged} and stored {stored}: {self.rounds[-1].statuses}")

    @property
    def rate(self) -> float:
        """Acknowledged webhooks a second: the median of the rounds."""
        return median(outcome.rate for outcome in self.rounds)


def run(folder: Path, seconds: float) -> Result:
    """Rounds of `seconds`, the contestants taking turns, on SQLite and on PostgreSQL where there is one."""
    stores: dict[str, Callable[[Path], AbstractContextManager[Copies]]] = {"SQLite": databases.sqlite}
    if databases.postgresql_answers():
        stores["PostgreSQL"] = databases.postgresql
    ceiling = _ceiling(folder, seconds)
    lines, details = [], {}
    for store, fresh in stores.items():
        with fresh(folder) as copies:
            contestants, inserts = _compete(folder / store, copies, seconds)
        rates = {one.name: one.rate for one in contestants}
        details[store] = {one.name: [asdict(outcome) for outcome in one.rounds] for one in contestants}
        lines += _lines(store, rates, ceiling)
        if inserts:
            details[store]["pgbench"] = inserts.rounds
            lines += _beside_pgbench(rates, inserts)
    return Result("ingest", lines, {"ceiling": ceiling, **details})


def _compete(folder: Path, copies: Copies, seconds: float) -> tuple[list[Contestant], Inserts | None]:
    folder.mkdir()
    with ExitStack() as stack:
        inserts = _inserts(folder, copies)
        names = [name for name in CONTESTANTS if inserts or name != "many"]
        contestants = [_start(stack, folder, name, copies(name)) for name in names]
        for _ in range(ROUNDS):
            for contestant in contestants:
                contestant.compete(seconds)
            if inserts:  # right after the many: the machine is as busy
                inserts.compete(seconds)
    return contestants, inserts


def _inserts(folder: Path, copies: Copies) -> Inserts | None:
    database = copies("pgbench")
    found = database.url.startswith("postgres") and pgbench.command()
    return Inserts(database.url, folder / "insert.sql") if found else None


def _start(stack: ExitStack, folder: Path, name: str, database: Database) -> Contestant:
    environment = {**ENVIRONMENT, "BENCH_BRIDGE": name, "DATABASE_URL": database.url}
    if name == "many":
        environment |= {"WEB_PROCESSES": MANY, "REDIS_URL": databases.REDIS}
    port = stack.enter_context(servers.serving(CONTESTANTS[name], environment, folder / f"{name}.log"))
    return Contestant(name, port, database)


def _ceiling(folder: Path, seconds: float) -> float:
    """Answers a second from an endpoint that does nothing: what the generator itself can do here."""
    with servers.serving(PLAIN, {**ENVIRONMENT, "BENCH_BRIDGE": "none"}, folder / "ceiling.log") as port:
        return measure(Job(port, seconds)).rate


def _beside_pgbench(rates: Rates, inserts: Inserts) -> list[Line]:
    beside = "beside pgbench's single-row inserts"
    met = rates["many"] >= EXPECTED_OF_PGBENCH * inserts.rate
    wish = f"≥ {EXPECTED_OF_PGBENCH}×"
    return [
        Line(f"PostgreSQL: webhooks, {MANY} processes, {beside}", rates["many"], inserts.rate, "/s", wish, met),
        Line(f"PostgreSQL: webhooks, one process, {beside}", rates["patchbay"], inserts.rate, "/s"),
    ]


def _lines(store: str, rates: Rates, ceiling: float) -> list[Line]:
    ours = rates["patchbay"]
    beside = [
        Line(
            f"{store}: webhooks, beside {words}",
            ours,
            rates[name],
            "/s",
            f"≥ {EXPECTED:.0f}×",
            ours >= EXPECTED * rates[name],
        )
        for name, words in YARDSTICKS.items()
    ]
    return [*beside, Line(f"{store}: the generator's ceiling, beside us", ceiling, ours, "/s")]
