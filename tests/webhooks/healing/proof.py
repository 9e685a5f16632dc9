"""`python -m tests.webhooks.healing.proof [COUNT] [SHARE]`: real processes, and what they lose on the way is found.

App with worker and sandbox are processes of their own on a fresh SQLite database; each vendor sends COUNT webhooks, of
which a SHARE is dropped, half are repeated, and all are shuffled. Prints what was lost, recovered and had an effect.
"""

import json
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.topology import EMBEDDED, Topology
from tests.webhooks.healing.senders import KINDS, payloads

QUIET = {"PATCHBAY_HEAL_SECONDS": "0", "LOG_LEVEL": "WARNING"}
GRACE = 130.0  # seconds after which what was sent is looked for


def main(count: int, share: float) -> int:
    with tempfile.TemporaryDirectory() as folder, Topology(Path(folder), EMBEDDED, **QUIET) as processes:
        for source in KINDS:
            processes.manage("heal", source)  # from now on we listen
        sent = {source: _send(processes, source, count, share) for source in KINDS}
        time.sleep(GRACE)
        rows = [_heal(processes, Path(folder), source, count, lost) for source, lost in sent.items()]
    for row in rows:
        print(
            "{source:8} sent {sent:,}, lost {lost:,}, recovered {recovered:,} in {seconds:.1f} s, "
            "stored {stored:,}, processed once {once:,}, again missing {again}".format(**row)
        )
    return 0 if all(row["stored"] == row["once"] == row["sent"] and not row["again"] for row in rows) else 1


def _send(processes: Topology, source: str, count: int, share: float) -> int:
    """Have them sent; returns how many were dropped."""
    manners = {"provider": source, "drop": share, "duplicate": 0.5, "shuffle": True}
    processes.control("POST", "/webhooks", manners)
    for first in range(0, count, 200):
        batch = payloads(source, min(200, count - first))
        processes.control("POST", "/send", {"provider": source, "kind": KINDS[source], "payloads": batch})
    query = f"/webhooks?provider={source}"
    processes.wait_until(lambda: all(one["state"] != "waiting" for one in processes.control("GET", query)), "sent", 300)
    return sum(one["state"] == "dropped" for one in processes.control("GET", query))


def _heal(processes: Topology, folder: Path, source: str, count: int, lost: int) -> dict[str, Any]:
    started = time.monotonic()
    (told,) = json.loads(processes.manage("heal", source, "--json"))
    seconds = time.monotonic() - started
    ended = "SELECT count(*), sum(attempts = 1) FROM webhooks_delivery WHERE source = ? AND state != 'pending'"
    database = sqlite3.connect(next(folder.glob("*.sqlite3")))
    processes.wait_until(lambda: database.execute(ended, [source]).fetchone()[0] >= count, "all is processed", 300)
    stored, once = database.execute(ended, [source]).fetchone()
    (again,) = json.loads(processes.manage("heal", source, "--dry-run", "--json"))
    return {
        "source": source,
        "sent": count,
        "lost": lost,
        "recovered": told["recovered"],
        "seconds": seconds,
        "stored": stored,
        "once": once,
        "again": again["missing"],
    }


if __name__ == "__main__":
    given = dict(enumerate(sys.argv))
    sys.exit(main(int(given.get(1, "2000")), float(given.get(2, "0.05"))))
