"""When others can see what became of a delivery: PostgreSQL tells it at the commit, which no column of the row can.

https://www.postgresql.org/docs/15/sql-notify.html
"""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg

CHANNEL = "bench_sightings"
LOOK = 0.1  # seconds between two looks whether it is over
TRIGGER = f"""
CREATE FUNCTION bench_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('{CHANNEL}', NEW.id || ' ' || extract(epoch FROM NEW.received_at));
    RETURN NULL;
END $$;
CREATE TRIGGER bench_tell AFTER UPDATE ON webhooks_delivery
    FOR EACH ROW WHEN (NEW.state = 'handled' AND OLD.state <> 'handled') EXECUTE FUNCTION bench_tell()
"""


@contextmanager
def watching(url: str) -> Iterator[dict[int, float]]:
    """Seconds until the effect was there for everybody, of each delivery received and handled in the block."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TRIGGER)
        connection.execute(f"LISTEN {CHANNEL}")
        taken, over = dict[int, float](), threading.Event()
        with ThreadPoolExecutor(1) as threads:
            watcher = threads.submit(_watch, connection, time.time(), taken, over)
            try:
                yield taken
            finally:
                over.set()
        watcher.result()


def _watch(connection: psycopg.Connection, since: float, taken: dict[int, float], over: threading.Event) -> None:
    while not over.is_set():
        for told in connection.notifies(timeout=LOOK):
            key, received = told.payload.split()
            if float(received) > since:
                taken[int(key)] = time.time() - float(received)
