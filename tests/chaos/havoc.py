"""What goes wrong, one mishap after the other, in the midst of the traffic."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

from tests.chaos.servers import PostgreSQL, RabbitMQ, Redis
from tests.topology import Topology

AWAY = 2.0  # seconds for which a server stays stopped
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = 'postgres'"


@dataclass
class Havoc:
    """Does the harm, and writes down what was done when (seconds since the beginning) and how long it took."""

    patchbay: Topology
    postgres: PostgreSQL
    redis: Redis
    rabbitmq: RabbitMQ
    began: float = field(default_factory=time.monotonic)
    done: list[tuple[float, float, str]] = field(default_factory=list)
    died: list[str] = field(default_factory=list)

    def strike(self, name: str) -> None:
        started = time.monotonic()
        MISHAPS[name](self)
        self.done.append((started - self.began, time.monotonic() - started, name))

    def cut(self, times: int) -> None:
        for _ in range(times):
            with psycopg.connect(self.postgres.url, autocommit=True) as connection:
                connection.execute(CUT)
            time.sleep(AWAY / times)

    def bounce(self, server: PostgreSQL | Redis | RabbitMQ, how: signal.Signals = signal.SIGTERM) -> None:
        server.stop(how)
        time.sleep(AWAY)
        server.start()

    @contextmanager
    def supervised(self) -> Iterator[None]:
        """Whoever dies by themselves is started again, and noted."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(0.2):
                self.died += self.patchbay.restart_the_dead()

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def _all_at_once(havoc: Havoc) -> None:
    for server in (havoc.rabbitmq, havoc.redis, havoc.postgres):
        server.crash()
    havoc.patchbay.replace("web", "worker", "second_worker", "beat")
    for server in (havoc.postgres, havoc.redis, havoc.rabbitmq):
        server.start()


MISHAPS: dict[str, Callable[[Havoc], None]] = {
    "web killed": lambda havoc: havoc.patchbay.replace("web"),
    "worker killed": lambda havoc: havoc.patchbay.replace("worker"),
    "connections cut": lambda havoc: havoc.cut(5),
    "PostgreSQL restarted": lambda havoc: havoc.bounce(havoc.postgres, signal.SIGINT),
    "Redis stopped and started": lambda havoc: havoc.bounce(havoc.redis),
    "RabbitMQ stopped and started": lambda havoc: havoc.bounce(havoc.rabbitmq),
    "both workers and beat killed": lambda havoc: havoc.patchbay.replace("worker", "second_worker", "beat"),
    "PostgreSQL crashed": lambda havoc: havoc.bounce(havoc.postgres, havoc.postgres.abrupt),
    "web and workers killed": lambda havoc: havoc.patchbay.replace("web", "worker", "second_worker"),
    "everything at once": _all_at_once,
}
SHORT = ["web killed", "worker killed", "connections cut", "PostgreSQL restarted", "Redis stopped and started"]
