"""Servers to measure: processes on free ports of this machine, ended when their block ends."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

START = 30.0  # seconds a server may take until it listens
GRACE = 10.0  # seconds it has for ending by itself

OURS = ["manage.py", "serve"]


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(command: list[str], environment: Mapping[str, str], log: Path) -> Iterator[int]:
    """Run the Python command with `--port` added until the block ends; gives the port once it listens.

    What the server prints goes to the file `log`, as in production: a terminal would be the bottleneck.
    """
    port = free_port()
    with running([*command, "--port", str(port)], environment, log) as process:
        _await_listener(process, port, log)
        yield port


@contextmanager
def running(command: list[str], environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the Python command until the block ends."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, *command], env={**os.environ, **environment}, stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def run(command: list[str], environment: Mapping[str, str]) -> None:
    """Run the Python command to its end; a failure is an error with its own words."""
    done = subprocess.run(
        [sys.executable, *command], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def _await_listener(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"the server does not listen; its last words:\n{tail(log)}")


def tail(log: Path, lines: int = 20) -> str:
    """The end of a server's log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
