"""`manage.py sandbox` as a process: it answers, it refuses live keys, it ends when told to."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from integrations.sandbox.server import listen
from tests.topology import free_port

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def start(tmp_path):
    """Start the command with more variables; its VAR is `tmp_path`."""
    started = []

    def run(*words: str, **variables: str) -> subprocess.Popen[str]:
        plain = {name: value for name, value in os.environ.items() if name != "PATCHBAY_SANDBOX"}
        environment = {**plain, "PATCHBAY_VAR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "config.settings", **variables}
        process = subprocess.Popen(
            [sys.executable, "manage.py", "sandbox", *words],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_runs_alone_and_ends_cleanly_with_its_state_kept(start, tmp_path, number):
    port = free_port()
    process = start("--port", str(port))
    assert process.stdout.readline() == f"The sandbox answers at http://127.0.0.1:{port}\n"
    control = f"http://127.0.0.1:{port}/_control"
    assert httpx2.get(f"{control}/health", trust_env=False, timeout=60).status_code == 200
    told = httpx2.get(f"{control}/credentials", trust_env=False, timeout=60).json()
    assert told["stripe"]["secret_key"] == "sk_test_patchbay_sandbox"
    httpx2.post(f"{control}/clock", json={"advance": 5}, trust_env=False, timeout=60)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in errors
    assert '"ahead": 5.0' in (tmp_path / "sandbox.json").read_text()


@pytest.mark.parametrize("sandbox", ["", "1"])
def test_it_refuses_to_start_beside_a_live_key(start, sandbox):
    process = start(STRIPE_SECRET_KEY="sk_live_abcdef", PATCHBAY_SANDBOX=sandbox or "0")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "STRIPE_SECRET_KEY is a live key" in errors
    assert "sk_live_abcdef" not in errors
    assert "Traceback" not in errors


def test_a_port_that_is_taken_is_said_in_words(start):
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        process = start("--port", str(port))
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in errors
    assert "Traceback" not in errors
