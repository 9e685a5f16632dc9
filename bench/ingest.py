"""Acknowledged webhooks a second: our endpoint beside the same endpoint as a plain Django view."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from bench import databases, servers
from bench.databases import Copies, Database
from bench.load import Job, Outcome, measure
from bench.report import Line, Result

ROUNDS = 3
EXPECTED = 5.0
# A broker that only this process knows: wake-ups are sent as ever, and no worker competes for the processors.
ENVIRONMENT = {"BROKER_URL": "memory://nobody"}
PLAIN = ["-m", "bench.plain"]
CONTESTANTS = {"patchbay": ["manage.py", "serve"], "asgi": PLAIN, "wsgi": PLAIN}
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

    def compete(self, seconds: float) -> None:
        """One round; `Lost` unless the rows are as many as the acknowledgements so far."""
        self.rounds.append(measure(Job(self.port, seconds)))
        acknowledged, stored = sum(outcome.acknowledged for outcome in self.rounds), self.database.count()
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
            contestants = _compete(folder / store, copies, seconds)
        details[store] = {one.name: [asdict(outcome) for outcome in one.rounds] for one in contestants}
        lines += _lines(store, {one.name: one.rate for one in contestants}, ceiling)
    return Result("ingest", lines, {"ceiling": ceiling, **details})


def _compete(folder: Path, copies: Copies, seconds: float) -> list[Contestant]:
    folder.mkdir()
    with ExitStack() as stack:
        contestants = [_start(stack, folder, name, copies(name)) for name in CONTESTANTS]
        for _ in range(ROUNDS):
            for contestant in contestants:
                contestant.compete(seconds)
    return contestants


def _start(stack: ExitStack, folder: Path, name: str, database: Database) -> Contestant:
    environment = {**ENVIRONMENT, "BENCH_BRIDGE": name, "DATABASE_URL": database.url}
    port = stack.enter_context(servers.serving(CONTESTANTS[name], environment, folder / f"{name}.log"))
    return Contestant(name, port, database)


def _ceiling(folder: Path, seconds: float) -> float:
    """Answers a second from an endpoint that does nothing: what the generator itself can do here."""
    with servers.serving(PLAIN, {**ENVIRONMENT, "BENCH_BRIDGE": "none"}, folder / "ceiling.log") as port:
        return measure(Job(port, seconds)).rate


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
