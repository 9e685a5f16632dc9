"""What became of the pushes, counted in the tables."""

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg

TABLE = "CREATE TABLE chaos_witness (head text NOT NULL, what text NOT NULL)"
HANDLED = "SELECT head, count(*) FROM chaos_witness WHERE what = 'handled' GROUP BY 1"
TOLD = "SELECT head, count(*) FROM chaos_witness WHERE what = 'told' GROUP BY 1"
PUBLISHED = "SELECT data->>'head', count(*) FROM webhooks_outboxevent WHERE name = 'repository.pushed' GROUP BY 1"
STREAMED = "SELECT data->>'head', count(*) FROM realtime_streamevent WHERE name = 'repository.pushed' GROUP BY 1"
PENDING = "SELECT count(*) FROM webhooks_delivery WHERE state = 'pending'"
UNDONE = "SELECT count(*) FROM webhooks_dispatch WHERE done_at IS NULL"


@dataclass
class Tally:
    """Heads that were acknowledged, and how often each was handled, published, told to the sinks and streamed."""

    acknowledged: set[str]
    handled: Counter[str]
    others: list[Counter[str]]

    @property
    def lost(self) -> set[str]:
        return {head for head in self.acknowledged for counts in (self.handled, *self.others) if not counts[head]}

    @property
    def unasked(self) -> set[str]:
        """Effects of nothing that was acknowledged."""
        return set().union(self.handled, *self.others) - self.acknowledged

    @property
    def doubled(self) -> set[str]:
        return {head for counts in (self.handled, *self.others) for head, count in counts.items() if count > 1}

    @property
    def good(self) -> bool:
        return not (self.lost or self.doubled or self.unasked)


def prepare(url: str) -> None:
    """Make the witness's table in an empty database."""
    with closing(_connect(url)) as connection, connection:
        connection.execute(TABLE)


def tally(url: str, acknowledged: set[str]) -> Tally:
    handled, *others = (Counter(dict(_ask(url, question))) for question in (HANDLED, PUBLISHED, TOLD, STREAMED))
    return Tally(acknowledged, handled, others)


def left(url: str, question: str) -> int:
    """How many deliveries (`PENDING`) or dispatches (`UNDONE`) are still to be worked off."""
    ((count,),) = _ask(url, question)
    return int(count)


def _ask(url: str, question: str) -> list[Any]:
    with closing(_connect(url)) as connection:
        return connection.execute(question).fetchall()


def _connect(url: str) -> Any:
    path = url.removeprefix("sqlite:///")
    return psycopg.connect(url) if path == url else sqlite3.connect(path, timeout=20)
