"""Beside dj-stripe in both of its modes: acknowledged webhooks a second, and from receipt to effect.

dj-stripe's own 200 means that the event was processed, with a callback that it was stored; ours that it was stored. So
effects are timed too: every event is about a payment we know, and both ask the vendor for it, who takes 100 ms. Events
that come at once are about different payments: those of one we process in order, which dj-stripe does not.
"""

import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

import psycopg

from bench import databases, servers
from bench.ingest import ENVIRONMENT, Lost
from bench.load import Job, Outcome, measure
from bench.report import Line, Result, percentile
from bench.sightings import watching

VERSION = "2.11.0"
PACKAGES = [f"dj-stripe=={VERSION}", "psycopg[binary]", "gunicorn"]
ROUNDS = 3
CONNECTIONS = 8
PACE = 8  # events a second for the effects: so that none of them is ever out of breath
EXPECTED = {"callback": 5.0, "default": 20.0}
LONGEST_EFFECT = 30.0  # seconds
SECRET = ENVIRONMENT["STRIPE_WEBHOOK_SECRET"]
ENDPOINT = str(uuid.UUID(int=1))
OURS, THEIRS = "webhooks_delivery", "djstripe_webhookeventtrigger"


@dataclass
class Rival:
    """A running server, where to post to, and what it did."""

    name: str
    port: int
    path: str
    url: str
    table: str
    rounds: list[Outcome] = field(default_factory=list)
    paced: Outcome | None = None

    def compete(self, seconds: float) -> None:
        """One round as fast as it goes; `Lost` unless it has stored what it acknowledged."""
        self.rounds.append(self._post(seconds))

    def keep_pace(self, seconds: float) -> None:
        """So many events a second as everybody can process at once."""
        self.paced = self._post(seconds, PACE)

    def _post(self, seconds: float, pace: float = 0) -> Outcome:
        before = self.stored()
        outcome = measure(Job(self.port, seconds, CONNECTIONS, path=self.path, pace=pace))
        if self.stored() - before != outcome.acknowledged:
            raise Lost(f"{self.name} acknowledged {outcome.acknowledged}, stored {self.stored() - before}: {outcome}")
        return outcome

    def stored(self) -> int:
        with psycopg.connect(self.url) as connection:
            row = connection.execute(f"SELECT count(*) FROM {self.table}").fetchone()
            assert row
            return int(row[0])

    @property
    def rate(self) -> float:
        return median(outcome.rate for outcome in self.rounds)


def run(folder: Path, seconds: float) -> Result:
    """Rounds of `seconds`, in turns, on PostgreSQL; dj-stripe in an environment of its own, made for the occasion."""
    if reason := _missing(folder):
        return Result("rival", [], {"skipped": reason})
    with ExitStack() as stack:
        copies = stack.enter_context(databases.postgresql(folder))
        vendor = stack.enter_context(servers.serving(["-m", "bench.vendor"], {}, folder / "vendor.log"))
        api = f"http://127.0.0.1:{vendor}"
        ours = copies("ours").url
        servers.run(["-m", "bench.paid"], {"DATABASE_URL": ours})
        theirs = stack.enter_context(databases.blank())
        servers.run(["-m", "bench.djstripe.prepare", ENDPOINT, SECRET], _settings(theirs, api), str(_python(folder)))
        rivals = [stack.enter_context(_theirs(folder, mode, theirs, api)) for mode in EXPECTED]
        with _ours(folder, ours, api, ENVIRONMENT["BROKER_URL"]) as door:
            for _ in range(ROUNDS):
                for rival in (door, *rivals):
                    rival.compete(seconds)
        effects = _effects(folder, copies("effects").url, api, rivals, seconds * ROUNDS)
    details = {rival.name: [asdict(outcome) for outcome in rival.rounds] for rival in (door, *rivals)}
    return Result("rival", _lines(door, rivals, effects), {**details, "effects": effects})


def _effects(folder: Path, ours: str, api: str, rivals: list[Rival], seconds: float) -> list[float]:
    """Seconds from receipt to effect in ours, its worker in the same process; theirs are in `paced` then.

    Theirs end with the answer, which leaves after the commit; ours when another connection can see the commit.
    """
    servers.run(["-m", "bench.paid"], {"DATABASE_URL": ours})
    with _ours(folder, ours, api, "memory://") as working:
        _warm_up(working)
        with watching(ours) as effects:
            working.keep_pace(seconds)
            _await_all(working, effects)
        for rival in rivals:
            rival.keep_pace(seconds)
    return list(effects.values())


def _await_all(working: Rival, effects: Mapping[int, float]) -> None:
    """Until each that was acknowledged has had its effect: the slowest count too. `Lost` when one has none."""
    assert working.paced
    until = time.monotonic() + LONGEST_EFFECT
    while len(effects) < working.paced.acknowledged:
        if time.monotonic() > until:
            raise Lost(f"{working.paced.acknowledged} were acknowledged, and {len(effects)} had an effect")
        time.sleep(0.05)


def _warm_up(rival: Rival) -> None:
    """The first events cost everybody more: what is imported late, and the first connections."""
    measure(Job(rival.port, 1, CONNECTIONS, path=rival.path, pace=PACE))


def _missing(folder: Path) -> str:
    """Why there is no dj-stripe to compare with; empty when it has been installed."""
    if not databases.postgresql_answers():
        return "PostgreSQL is not there"
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    steps = [
        [uv, "venv", "-q", "--python", sys.executable, str(folder / "env")],
        [uv, "pip", "install", "-q", "--python", str(_python(folder)), *PACKAGES],
    ]
    try:
        for step in steps:
            subprocess.run(step, check=True, capture_output=True, text=True, timeout=300)
    except (OSError, subprocess.SubprocessError) as error:
        return f"dj-stripe could not be installed: {error} {getattr(error, 'stderr', '') or ''}".strip()
    return ""


def _python(folder: Path) -> Path:
    return folder / "env" / "bin" / "python"


@contextmanager
def _ours(folder: Path, database: str, api: str, broker: str) -> Iterator[Rival]:
    environment = {**ENVIRONMENT, "DATABASE_URL": database, "STRIPE_API_URL": api, "BROKER_URL": broker}
    with servers.serving(["manage.py", "serve"], environment, folder / "ours.log") as port:
        yield Rival("patchbay", port, "/webhooks/stripe", database, OURS)


@contextmanager
def _theirs(folder: Path, mode: str, database: str, api: str) -> Iterator[Rival]:
    port, python = servers.free_port(), str(_python(folder))
    gunicorn = ["-m", "gunicorn", "--workers", "2", "--threads", "8", "--bind", f"127.0.0.1:{port}"]
    command = [*gunicorn, "django.core.wsgi:get_wsgi_application()"]
    environment = _settings(database, api, mode)
    with servers.running(command, environment, folder / f"{mode}.log", lambda: servers.listens(port), python):
        rival = Rival(mode, port, f"/stripe/webhook/{ENDPOINT}/", database, THEIRS)
        _warm_up(rival)
        yield rival


def _settings(database: str, api: str, mode: str = "default") -> dict[str, str]:
    where = {"DATABASE_URL": database, "STRIPE_API_URL": api, "BENCH_MODE": mode}
    return {**where, "DJANGO_SETTINGS_MODULE": "bench.djstripe.settings"}


def _lines(ours: Rival, rivals: list[Rival], effects: list[float]) -> list[Line]:
    lines = [
        Line(
            f"webhooks, beside dj-stripe {VERSION}, {rival.name}",
            ours.rate,
            rival.rate,
            "/s",
            f"≥ {EXPECTED[rival.name]:.0f}×",
            ours.rate >= EXPECTED[rival.name] * rival.rate,
        )
        for rival in rivals
    ]
    theirs = next(rival.paced.p95 for rival in rivals if rival.paced and rival.name == "default")
    mine = percentile(effects, 95)
    return [*lines, Line("receipt → effect, p95, beside its default", mine, theirs, "ms", "≤ 1×", mine <= theirs)]
