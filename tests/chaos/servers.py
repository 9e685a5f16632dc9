"""PostgreSQL, Redis and RabbitMQ of our own, in one folder and on free ports, to be stopped and killed at will."""

import glob
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

PATIENCE = 60.0


def _steady_port() -> int:
    """A free port below those that the system gives to clients: while the server is down, nobody else may get it."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port


class Server:
    """A process that listens on a port of its own."""

    name = ""
    abrupt = signal.SIGKILL

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder / self.name, _steady_port()
        self.folder.mkdir(mode=0o700)
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def missing(cls) -> str:
        """What keeps it from being started here; empty when nothing does."""
        return "" if cls.binary() else f"{cls.name} is not installed"

    @classmethod
    def binary(cls) -> str:
        return shutil.which(f"{cls.name}-server") or ""

    def command(self) -> list[str]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return {}

    def user(self) -> str | None:
        return None

    def launch(self) -> None:
        """Start it without waiting for it."""
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(), cwd=self.folder, env=os.environ | self.environment(), user=self.user(),
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def wait(self) -> None:
        """Return once it listens."""
        deadline = time.monotonic() + PATIENCE
        while not self.listens():
            assert time.monotonic() < deadline, f"{self.name} did not start: {self.log()}"
            time.sleep(0.05)
            if self._process is None or self._process.poll() is not None:
                # What an abrupt end left behind may still be ending.
                time.sleep(0.5)
                self.launch()

    def start(self) -> None:
        self.launch()
        self.wait()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Signal all of its processes and wait for their end."""
        if self._process is None:
            return
        self.signal(how)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None

    def crash(self) -> None:
        """The end without a goodbye."""
        self.stop(self.abrupt)

    def signal(self, how: signal.Signals) -> None:
        assert self._process
        os.killpg(self._process.pid, how)

    def listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def log(self) -> str:
        return (self.folder / "server.log").read_text(errors="replace")[-2000:]


class Redis(Server):
    name = "redis"

    def command(self) -> list[str]:
        return [self.binary(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"


class RabbitMQ(Server):
    name = "rabbitmq"

    @classmethod
    def binary(cls) -> str:
        # Not the one on the path, which insists on the system's own node and user.
        return next(iter(glob.glob("/usr/lib/rabbitmq/bin/rabbitmq-server")), "")

    def command(self) -> list[str]:
        return [self.binary()]

    def environment(self) -> dict[str, str]:
        for name, text in (("rabbitmq.conf", f"listeners.tcp.1 = 127.0.0.1:{self.port}\n"), ("none", "")):
            (self.folder / name).write_text(text)
        at = str(self.folder)
        return {
            "HOME": at,
            "RABBITMQ_NODENAME": f"chaos{self.port}@localhost",
            "RABBITMQ_CONFIG_FILE": f"{at}/rabbitmq.conf",
            "RABBITMQ_CONF_ENV_FILE": f"{at}/none",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{at}/none",
            "RABBITMQ_DIST_PORT": str(_steady_port()),
            "RABBITMQ_MNESIA_BASE": f"{at}/mnesia",
            "RABBITMQ_LOG_BASE": f"{at}/log",
        }

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"


class PostgreSQL(Server):
    """With fsync, as in production; `pg_terminate_backend` is `cut`."""

    name = "postgres"
    abrupt = signal.SIGQUIT  # its children end with it; what it finds when it comes back is the same

    @classmethod
    def binary(cls) -> str:
        return next(iter(sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"), reverse=True)), "")

    def user(self) -> str | None:
        return "postgres" if os.geteuid() == 0 else None  # it refuses to run as root

    def command(self) -> list[str]:
        return [self.binary(), "-D", str(self.folder / "data"), "-p", str(self.port), "-k", str(self.folder)]

    def start(self) -> None:
        if not (self.folder / "data").exists():
            if self.user():
                shutil.chown(self.folder, "postgres")
            initdb = Path(self.binary()).with_name("initdb")
            subprocess.run(
                [initdb, "-D", self.folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"],
                cwd=self.folder, user=self.user(), check=True, capture_output=True,
            )  # fmt: skip
        super().start()

    def signal(self, how: signal.Signals) -> None:
        """To the postmaster alone: it ends its own."""
        assert self._process
        self._process.send_signal(how)

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"
