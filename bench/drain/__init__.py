"""Deliveries processed a second by one worker process: our batches beside a Celery task for each.

Both are Celery workers on RabbitMQ with one thread, do the same INSERT for the same deliveries, and mark each handled
in the transaction of its effect, on copies of one PostgreSQL database, in turns.
"""

import json
import os
from pathlib import Path
from secrets import token_hex
from statistics import median

from bench import databases, servers
from bench.databases import Copies
from bench.report import Line, Result

ROUNDS = 3
EXPECTED = 5.0
BROKER = os.environ.get("TEST_BROKER_URL") or "amqp://guest:guest@127.0.0.1:5672//"
CONTESTANTS = ("patchbay", "tasks")

Rounds = dict[str, list[dict[str, float]]]


def run(folder: Path, seconds: float) -> Result:
    """Rounds of so many deliveries as the slower handles in about `seconds`; nothing without PostgreSQL."""
    count = max(200, int(seconds * 300))
    rounds: Rounds = {name: [] for name in CONTESTANTS}
    if databases.postgresql_answers():
        with databases.postgresql(folder) as copies:
            for number in range(ROUNDS):
                for name in CONTESTANTS:
                    rounds[name].append(_round(copies, name, number, count))
    return Result("drain", _lines(rounds) if rounds["tasks"] else [], {"deliveries": count, "rounds": rounds})


def _round(copies: Copies, name: str, number: int, count: int) -> dict[str, float]:
    environment = {
        "DATABASE_URL": copies(f"{name}{number}").url,
        "BROKER_URL": BROKER,
        "PATCHBAY_QUEUE": f"bench-{token_hex(6)}",
        "LOG_JSON": "1",
    }
    return dict(json.loads(servers.run(["-m", "bench.drain.worker", name, str(count)], environment)))


def _lines(rounds: Rounds) -> list[Line]:
    lines = []
    for measure, words in (("cpu", "per second of its processor time"), ("wall", "per second")):
        ours, theirs = (median(one["count"] / one[measure] for one in rounds[name]) for name in CONTESTANTS)
        met = ours >= EXPECTED * theirs
        lines.append(
            Line(f"deliveries processed {words}, beside a task each", ours, theirs, "/s", f"≥ {EXPECTED:.0f}×", met)
        )
    return lines
