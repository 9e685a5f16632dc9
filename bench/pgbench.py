"""PostgreSQL's own yardstick: pgbench, which inserts the bytes of one webhook as one row in one commit, by 32 clients.

https://www.postgresql.org/docs/15/pgbench.html
"""

import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import psycopg
from psycopg import sql

from bench.events import signed_requests

PLACES = "/usr/lib/postgresql"
CLIENTS = 32
# The table as one that has no partitions would have it: what we know of a delivery with its contents, and our indexes.
TABLE = """
CREATE TABLE bench_delivery (LIKE webhooks_delivery INCLUDING ALL, headers jsonb NOT NULL, body bytea NOT NULL)
"""
# Prepared, so that nothing of it is parsed anew: pgbench's fastest way.
PROTOCOL = "prepared"
INSERT = """
\\set number random(1, 1000000000000000)
INSERT INTO bench_delivery (source, external_id, kind, object_key, request_id, received_at, expires_on, state, attempts,
due_at, facts, error, headers, body) VALUES ('stripe', 'evt_' || :number, 'payment_intent.succeeded', {key}, {request},
now(), current_date + 30, 'pending', 0, now(), '[]', '', {headers}, {body}) ON CONFLICT DO NOTHING;
"""


def command() -> str:
    """Where pgbench is; empty where it is not."""
    return shutil.which("pgbench") or next(map(str, Path(PLACES).glob("*/bin/pgbench")), "")


@dataclass
class Inserts:
    """A database with the table, and how many rows a second went into it in each round."""

    url: str
    script: Path
    rounds: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        with psycopg.connect(self.url) as connection:
            connection.execute(TABLE)
            self.script.write_text(_statement().as_string(connection), encoding="utf-8")

    def compete(self, seconds: float) -> None:
        """One round."""
        options = ["-n", "-M", PROTOCOL, "-c", str(CLIENTS), "-j", "2", "-T", str(max(1, round(seconds)))]
        done = subprocess.run(
            [command(), *options, "-f", str(self.script), self.url], capture_output=True, text=True, check=True
        )
        found = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
        assert found, done.stdout
        self.rounds.append(float(found[1]))

    @property
    def rate(self) -> float:
        """Rows a second: the median of the rounds."""
        return median(self.rounds)


def _statement() -> sql.Composed:
    """The insert with the bytes of one of the webhooks that the others are sent."""
    head, _, body = signed_requests(1, 8000)[0].partition(b"\r\n\r\n")
    lines = (line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    headers = psycopg.types.json.Jsonb({name.lower(): value for name, value in lines})
    return sql.SQL(INSERT).format(
        key=sql.Literal("pi_3Q2patchbay000000000000000"),
        request=sql.Literal("0" * 32),
        headers=sql.Literal(headers),
        body=sql.Literal(body),
    )
