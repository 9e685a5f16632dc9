"""The real processes on ports of their own, for tests that drive Patchbay from outside."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN = 120.0


def free_port() -> int:
    """A port of this machine that nobody has, nor is given by chance before it is used: the system gives whoever
    connects, or listens at none in particular, one of those from 32768 on."""
    while True:
        port = secrets.randbelow(20_000) + 12_000
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


class Topology:
    """Named processes that share one environment; `commands` are argument lists after the Python executable.

    `template` is a folder whose content (a prepared database, its key) stands in for migrating and seeding.
    """

    def __init__(
        self, var: Path, commands: dict[str, list[str]], template: Path | None = None, **variables: str
    ) -> None:
        self.port, self.sandbox_port = free_port(), free_port()
        self.url, self.sandbox_url = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.sandbox_port}"
        self._commands, self._var, self._template = commands, var, template
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._starting = threading.Lock()  # nobody is started twice
        clean = {
            name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "BROKER_URL")
        }
        self.environment = clean | {
            "PATCHBAY_VAR": str(var),
            "PATCHBAY_SANDBOX": "1",
            "PORT": str(self.port),
            "SANDBOX_PORT": str(self.sandbox_port),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PATCHBAY_QUEUE": f"test-{uuid.uuid4().hex[:8]}",
            "LOG_JSON": "1",
            **variables,
        }

    def __enter__(self) -> "Topology":
        if self._template:
            shutil.copytree(self._template, self._var, dirs_exist_ok=True)
        else:
            self.prepare()
        try:
            for name in self._commands:
                self.start(name)
            self.wait_until(lambda: self.status("/readyz") == 200, "everything is ready")
        except BaseException:
            self.__exit__()  # nobody else will: what was started must not outlive the test
            raise
        return self

    def prepare(self) -> None:
        """An empty database becomes one with the demo's people and products."""
        self.manage("migrate", "-v0")
        self.manage("seed")

    def __exit__(self, *_error: object) -> None:
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()

    def manage(self, *words: str) -> str:
        """Run a management command to its end."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def start(self, name: str) -> None:
        with open(self._var / f"{name}.log", "ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, *self._commands[name]], cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )

    def restart_the_dead(self) -> list[str]:
        """What a supervisor does: whoever has died is started again; returns who had."""
        with self._starting:
            dead = [name for name, process in list(self._running.items()) if process.poll() is not None]
            for name in dead:
                self.start(name)
        return dead

    def replace(self, *names: str) -> None:
        """Kill with -9, all of them before the first is started again."""
        with self._starting:
            for name in names:
                self.kill(name)
            for name in names:
                self.start(name)

    def kill(self, name: str) -> None:
        self._running[name].kill()
        self._running[name].wait()

    def log(self, name: str) -> str:
        return (self._var / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def status(self, path: str) -> int:
        try:
            return httpx2.get(self.url + path, trust_env=False, timeout=20).status_code
        except httpx2.TransportError:
            return 0

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = httpx2.request(method, f"{self.sandbox_url}/_control{path}", json=body, trust_env=False, timeout=60)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def wait_until(self, probe: Callable[[], Any], what: str, seconds: float = READY_WITHIN) -> Any:
        """The first true value of `probe`; the dead are restarted meanwhile."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := probe():
                return found
            self.restart_the_dead()
            time.sleep(0.05)
        raise AssertionError(f"waited {seconds:.0f} s in vain until {what}")


SANDBOX = {"sandbox": ["manage.py", "sandbox"]}
EMBEDDED = {**SANDBOX, "web": ["manage.py", "serve"]}
CELERY = ["-m", "celery", "-A", "config.celery"]
WORKER = [*CELERY, "worker", "--pool", "threads", "--concurrency", "4", "--without-gossip", "--without-mingle"]
GROWN = {**EMBEDDED, "worker": WORKER, "beat": [*CELERY, "beat", "--scheduler", "celery.beat:Scheduler"]}
