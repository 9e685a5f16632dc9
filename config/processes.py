"""Several processes as one: started together, watched, and ended together."""

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

PATIENCE = 60.0  # seconds until everything must be ready
GRACE = 10.0  # seconds a process has for ending by itself


class Failed(Exception):
    """The processes could not be started, or one of them ended; the message is for a person."""


class Processes:
    """A set of named commands. Use as a context manager: leaving it ends them all."""

    def __init__(self, commands: Mapping[str, list[str]]) -> None:
        self._commands = commands
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Processes":
        signal.signal(signal.SIGTERM, _interrupt)
        for name, command in self._commands.items():
            # A session of its own: Ctrl-C reaches us alone, and we end the others in order.
            self._running[name] = subprocess.Popen(command, start_new_session=True)  # noqa: S603  our own commands
        return self

    def __exit__(self, *_error: object) -> None:
        for process in self._running.values():
            process.terminate()
        deadline = time.monotonic() + GRACE
        for process in self._running.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()

    def wait_until_ready(self, url: str) -> None:
        """Return when `url` answers 200; `Failed` when it does not in time."""
        deadline, last = time.monotonic() + PATIENCE, ""
        while time.monotonic() < deadline:
            self._require_all()
            status, last = _get(url)
            if status == 200:
                return
            time.sleep(0.2)
        raise Failed(f"{url} did not become ready: {last}")

    def wait(self) -> None:
        """Return never, but by an interrupt, or with `Failed` when a process ends."""
        while True:
            self._require_all()
            time.sleep(0.2)

    def _require_all(self) -> None:
        for name, process in self._running.items():
            if process.poll() is not None:
                raise Failed(f"{name} ended with {process.returncode}; its last lines say why")


def procfile(path: Path) -> dict[str, list[str]]:
    """The commands of a Procfile, `python` being the one that runs now."""
    lines = [line.partition(":") for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return {name.strip(): _with_this_python(shlex.split(command)) for name, _, command in lines}


def _with_this_python(command: list[str]) -> list[str]:
    return [sys.executable, *command[1:]] if command[0] == "python" else command


def require_free(host: str, port: int, variable: str) -> None:
    """`Failed` with what to do when somebody listens on the port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Failed(f"{host}:{port} cannot be used ({os.strerror(error.errno or 0)}): set {variable}") from error


def _get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  our own address
            return answer.status, ""
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode("utf-8", "replace")
    except OSError as error:
        return 0, str(error)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
