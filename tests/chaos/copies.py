"""Zero double effects: `python -m tests.chaos.copies` sends 16 simultaneous copies of 1,000 events to the real door.

On SQLite and on PostgreSQL, with handlers that take 0, 5 and 100 ms. Exit code 1 when one has had no effect or two.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

from bench.load import Job, post
from tests.chaos.effects import PENDING, UNDONE, Tally, left, prepare, tally
from tests.chaos.pushes import Pushes
from tests.services import BROKER, REDIS, database, missing_broker, missing_postgresql, missing_redis
from tests.topology import EMBEDDED, GROWN, WORKER, Topology

COPIES = 16
MILLISECONDS = (0, 5, 100)
PATIENCE = 600.0


HELPED = {**GROWN, "second_worker": [*WORKER, "--hostname", "second@%h"]}


def prove(folder: Path, commands: dict[str, list[str]], url: str, events: int, **variables: str) -> Tally:
    """Send every event sixteen times at once; returns what came of them when nothing is left to do."""
    pushes = Pushes()
    prepare(url)
    variables |= {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.chaos.settings"}
    with Topology(folder, commands, **variables) as patchbay:
        requests = [pushes.request(number, f"slow-{MILLISECONDS[number % 3]}") for number in range(events)]
        job = Job(patchbay.port, PATIENCE, COPIES)
        outcome = asyncio.run(post(job, [request for request in requests for _ in range(COPIES)]))
        assert outcome.statuses == {"200": events * COPIES}, outcome.statuses
        for question in (PENDING, UNDONE):
            patchbay.wait_until(lambda question=question: not left(url, question), "all is worked off", PATIENCE)
        return tally(url, {pushes.head(number) for number in range(events)})


def on_sqlite(folder: Path, events: int) -> Tally:
    return prove(folder, EMBEDDED, f"sqlite:///{folder / 'patchbay.sqlite3'}", events)


def on_postgresql(folder: Path, events: int) -> Tally:
    with database() as url:
        return prove(folder, HELPED, url, events, REDIS_URL=REDIS, BROKER_URL=BROKER)


def main() -> int:
    django.setup()
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    ways = {"SQLite": on_sqlite}
    if not (missing_postgresql() or missing_redis() or missing_broker()):
        ways["PostgreSQL"] = on_postgresql
    good = True
    for store, way in ways.items():
        with tempfile.TemporaryDirectory(prefix="patchbay-copies-") as folder:
            found = way(Path(folder), events)
        print(f"{store}: {COPIES} copies of {events} events, {found.handled.total()} effects, "
              f"{len(found.lost)} lost, {len(found.doubled)} doubled", flush=True)  # fmt: skip
        good = good and found.good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
