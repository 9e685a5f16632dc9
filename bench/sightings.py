"""When others can see what became of a delivery: PostgreSQL tells it at the commit, which no column of the row can.

https://www.postgresql.org/docs/15/sql-notify.html
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

CHANNEL = "bench_sightings"
LOOK = 0.1  # seconds between two looks whether it is over
TRIGGER = f"""
CREATE FUNCTION bench_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('{CHANNEL}', extract(epoch FROM NEW.received_at)::text);
    RETURN NULL;
END $$;
CREATE TRIGGER bench_tell AFTER UPDATE ON webhooks_delivery
    FOR EACH ROW WHEN (NEW.state = 'handled' AND OLD.state <> 'handled') EXECUTE FUNCTION bench_tell()
"""


@contextmanager
def watching(url: str) -> Iterator[list[float]]:
    """Seconds from receipt until the effect was there for everybody, one for each delivery handled in the block."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TRIGGER)
        connection.execute(f"LISTEN {CHANNEL}")
        taken, over = list[float](), threading.Event()
        watcher = threading.Thread(target=_watch, args=(connection, taken, over), daemon=True)
        watcher.start()
        yield taken
        over.set()
        watcher.join()


def _watch(connection: psycopg.Connection, taken: list[float], over: threading.Event) -> None:
    while not over.is_set():
        taken.extend(time.time() - float(told.payload) for told in connection.notifies(timeout=LOOK))
