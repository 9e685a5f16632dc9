"""The web in several processes: who dies is replaced, all are in turn when told, and they end with their supervisor."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog
import uvicorn
from django.core.management import CommandError, call_command
from uvicorn.config import STARTUP_FAILURE

from config.serving import Serving
from tests.topology import ROOT, free_port

PATIENCE = 60.0


def wait_until(holds: Callable[[], Any], what: str) -> Any:
    end = time.monotonic() + PATIENCE
    while not (found := holds()):
        assert time.monotonic() < end, f"waited in vain until {what}"
        time.sleep(0.05)
    return found


@dataclass
class Web:
    """A running `serve`, and what its log says of the processes that serve."""

    supervisor: subprocess.Popen[bytes]
    port: int
    log: Path

    def said(self, words: str) -> list[str]:
        events = [json.loads(line)["event"] for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [event for event in events if words in event]

    def processes(self) -> list[int]:
        """The ids of those that serve now, the oldest first."""
        begun = [int(event.split("[")[1].rstrip("]")) for event in self.said("Started server process")]
        return [pid for pid in begun if lives(pid)]

    def ready(self) -> bool:
        return len(self.processes()) == 2 and len(self.said("startup complete")) == len(
            self.said("Started server process")
        )

    def answers(self) -> bool:
        try:
            with httpx2.Client(trust_env=False, timeout=PATIENCE) as client:  # a connection of its own
                return client.get(f"http://127.0.0.1:{self.port}/livez").status_code == 200
        except httpx2.ConnectError:
            return False


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def environment(folder: Path, redis_url: str) -> dict[str, str]:
    """Two processes; the broker is one that nobody else knows, for the web is looked at, and no worker."""
    given = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    ours = {"DJANGO_SETTINGS_MODULE": "config.settings", "PATCHBAY_VAR": str(folder), "PATCHBAY_SANDBOX": "1"}
    return {
        **given,
        **ours,
        "BROKER_URL": "memory://nobody",
        "REDIS_URL": redis_url,
        "WEB_PROCESSES": "2",
        "LOG_JSON": "1",
    }


@contextmanager
def serving(folder: Path, redis_url: str) -> Iterator[Web]:
    port, log = free_port(), folder / "log"
    command = [sys.executable, "manage.py", "serve", "--port", str(port)]
    with log.open("ab") as output:
        supervisor = subprocess.Popen(
            command, cwd=ROOT, env=environment(folder, redis_url), stdout=output, stderr=output
        )
    web = Web(supervisor, port, log)
    try:
        wait_until(web.ready, "two processes serve")
        yield web
    finally:
        if supervisor.poll() is None:
            supervisor.kill()
            supervisor.wait()
        wait_until(lambda: not web.processes(), "none is left")


def test_one_that_dies_is_replaced_and_all_are_replaced_with_nothing_refused(tmp_path: Path, redis_url: str) -> None:
    with serving(tmp_path, redis_url) as web:
        first, second = web.processes()
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: first not in web.processes() and web.ready(), "the dead one is replaced")
        assert second in web.processes()

        before = set(web.processes())
        web.supervisor.send_signal(signal.SIGHUP)
        answered = []

        def all_are_new() -> bool:
            answered.append(web.answers())
            return web.ready() and not before & set(web.processes())

        wait_until(all_are_new, "all are replaced")
        assert all(answered)

        web.supervisor.terminate()
        assert web.supervisor.wait(PATIENCE) == 0
        assert not web.processes()
        assert "Traceback" not in web.log.read_text()


def test_all_end_with_a_supervisor_that_is_killed_and_the_port_is_free(tmp_path: Path, redis_url: str) -> None:
    with serving(tmp_path, redis_url) as web:
        web.supervisor.kill()
        web.supervisor.wait()
        wait_until(lambda: not web.processes(), "the orphans have ended")
        assert not web.answers()
        assert len(web.said("supervisor.gone")) == 2


def test_what_cannot_be_loaded_is_not_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(_config: uvicorn.Config) -> None:
        raise RuntimeError("half installed")

    monkeypatch.setattr(uvicorn.Config, "load", load)
    monkeypatch.setattr("django.setup", lambda **_options: None)  # it would lead the log elsewhere
    with pytest.raises(SystemExit) as ended, structlog.testing.capture_logs() as lines:
        Serving().load()
    assert ended.value.code == STARTUP_FAILURE
    assert [line["event"] for line in lines] == ["serving.not_loaded"]


@pytest.mark.parametrize(
    ("processes", "broker", "redis", "words"),
    [
        (2, "memory://", "redis://somewhere", "need BROKER_URL and REDIS_URL"),
        (2, "amqp://somewhere", "", "need BROKER_URL and REDIS_URL"),
        (0, "amqp://somewhere", "redis://somewhere", "1 or more"),
    ],
)
def test_what_several_need_is_asked_for(settings: Any, processes: int, broker: str, redis: str, words: str) -> None:
    settings.WEB_PROCESSES, settings.BROKER_URL, settings.REDIS_URL = processes, broker, redis
    with pytest.raises(CommandError, match=words):
        call_command("serve")
