"""Servers to measure: processes on free ports of this machine, ended when their block ends."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

START = 60.0  # seconds a server may take until it is ready
GRACE = 10.0  # seconds it has for ending by itself


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(command: list[str], environment: Mapping[str, str], log: Path) -> Iterator[int]:
    """Run the Python command with `--port` added until the block ends; gives the port once it listens."""
    port = free_port()
    with running([*command, "--port", str(port)], environment, log, lambda: listens(port)):
        yield port


@contextmanager
def running(
    command: list[str],
    environment: Mapping[str, str],
    log: Path,
    ready: Callable[[], bool],
    python: str = sys.executable,
) -> Iterator[None]:
    """Run the Python command from the moment it is `ready` until the block ends.

    What it prints goes to the file `log`, as in production: a terminal would be the bottleneck.
    """
    with log.open("ab") as output:
        process = subprocess.Popen([python, *command], env={**os.environ, **environment}, stdout=output, stderr=output)
    try:
        _wait(process, ready, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def run(command: list[str], environment: Mapping[str, str], python: str = sys.executable) -> str:
    """Run the Python command to its end and return what it printed; a failure is an error with its own words."""
    done = subprocess.run(
        [python, *command], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def _wait(process: subprocess.Popen[bytes], ready: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + START
    while time.monotonic() < deadline and process.poll() is None:
        if ready():
            return
        time.sleep(0.05)
    words = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
    raise RuntimeError(f"the server did not get ready; its last words:\n{words}")


def listens(port: int) -> bool:
    """Whether somebody takes connections on the port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
