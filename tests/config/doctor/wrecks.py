"""Broken installations, each a real `manage.py doctor` in an environment with several things wrong at once."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from config.doctor.variables import ours
from tests.topology import ROOT, free_port

NAMED_BY_TESTS = ("DJANGO_SETTINGS_MODULE", "LOG_LEVEL")
GOOD_KEY = "aNice-Long_0123456789-Key.With:Enough+Different~Signs*AndLength"


@dataclass(frozen=True)
class Told:
    """What one run of the command told, to a program and in how many seconds."""

    code: int
    output: str
    seconds: float

    @property
    def findings(self) -> list[dict[str, str]]:
        return json.loads(self.output)["findings"]

    @property
    def skipped(self) -> dict[str, str]:
        return {item["examination"]: item["reason"] for item in json.loads(self.output)["skipped"]}

    def of(self, examination: str, where: str) -> dict[str, str]:
        """The finding of this examination about this variable or file."""
        found = [item for item in self.findings if (item["examination"], item["where"]) == (examination, where)]
        assert len(found) == 1, f"{len(found)} findings of {examination} at {where} in {self.output}"
        return found[0]


def doctor(variables: dict[str, str], *words: str, python: str = sys.executable) -> Told:
    """Run it with these variables of ours and no others."""
    clean = {name: value for name, value in os.environ.items() if not ours(name) and name not in NAMED_BY_TESTS}
    started = time.monotonic()
    done = subprocess.run(
        [python, "manage.py", "doctor", *words], cwd=ROOT, env=clean | variables, capture_output=True, text=True
    )
    assert not done.stderr, done.stderr
    return Told(done.returncode, done.stdout, time.monotonic() - started)


@contextmanager
def silent() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def unreadable(folder: Path) -> Told:
    """Nothing can even be read: the settings are never tried."""
    (folder / "empty").touch(mode=0o600)
    (folder / "open").write_text("SG.a-key-for-all-to-read")
    (folder / "open").chmod(0o644)
    return doctor(
        {
            "PORT": "eighty",
            "WORKER_THREADS": "4.5",
            "PATCHBAY_LEASE_SECONDS": "soon",
            "LOG_LEVEL": "loud",
            "DEBUG": "ture",
            "DATABASE_URL": "postgress://patchbay:hunter2-db@db/patchbay",
            "REDIS_URL": "cache.internal:6379",
            "BROKER_URL": "amqp://patchbay:hunter2#broker@mq:port//",
            "DATABSE_URL": "sqlite:///x",
            "PATCHBAY_URL": '"https://shop.test"',
            "STRIPE_WEBHOOK_SECRET": "whsec_with_a_newline\n",
            "SECRET_KEY_FILE": str(folder / "gone"),
            "STRIPE_SECRET_KEY_FILE": str(folder / "empty"),
            "SENDGRID_API_KEY_FILE": str(folder / "open"),
            "GITHUB_WEBHOOK_SECRET_FILE": str(folder),
            "PATCHBAY_VAR": str(folder / "empty" / "var"),
        },
        "--json",
    )


def deaf(folder: Path) -> Told:
    """In production, everything takes connections and answers nothing; and what is set is for another place."""
    with silent() as port:
        address = f"127.0.0.1:{port}"
        return doctor(
            {
                "PATCHBAY_VAR": str(folder),
                "PORT": str(free_port()),
                "DATABASE_URL": f"postgres://patchbay:hunter2-db@{address}/patchbay",
                "REDIS_URL": f"redis://:hunter2-redis@{address}/0",
                "BROKER_URL": f"amqp://patchbay:hunter2-broker@{address}//",
                "PATCHBAY_URL": "http://shop.test/app/",
                "SECRET_KEY": "short",
                "DEBUG": "0",
                "TRUSTED_PROXY_COUNT": "2",
                "STRIPE_SECRET_KEY": "sk_test_hunter2hunter2",
                "STRIPE_WEBHOOK_SECRET": "sk_live_hunter2hunter2",
                "STRIPE_API_URL": f"http://{address}",
                "SENDGRID_API_KEY": "SG.hunter2hunter2",
                "MAIL_CARRIER": "pigeon",
            },
            "--json",
        )


def crossed(folder: Path) -> Told:
    """Beside the sandbox: a live key, a stranger on our port, nobody on the sandbox's, and no lasting database."""
    with silent() as port:
        return doctor(
            {
                "PATCHBAY_VAR": str(folder),
                "PATCHBAY_SANDBOX": "1",
                "PORT": str(port),
                "SANDBOX_PORT": str(free_port()),
                "DATABASE_URL": "sqlite://:memory:",
                "BROKER_URL": "redis://127.0.0.1:1/0",
                "STRIPE_SECRET_KEY": "sk_live_hunter2hunter2",
            },
            "--json",
        )


def exposed(folder: Path) -> Told:
    """In production by https, and the proxy that makes it https is not known."""
    return doctor(
        {
            "PATCHBAY_VAR": str(folder),
            "PORT": str(free_port()),
            "PATCHBAY_URL": "https://shop.test",
            "ALLOWED_HOSTS": "*",
            "DEBUG": "0",
            "DATABASE_URL": f"sqlite:///{folder}/shop.sqlite3",
            "STRIPE_SECRET_KEY": "sk_live_hunter2hunter2",
            "STRIPE_WEBHOOK_SECRET": "wrong_hunter2hunter2",
        },
        "--json",
        "--offline",
    )


WRECKS: dict[str, Callable[[Path], Told]] = {item.__name__: item for item in (unreadable, deaf, crossed, exposed)}


@cache
def told(wreck: str) -> Told:
    """What the doctor told of a wreck; each is examined once."""
    with TemporaryDirectory() as folder:
        return WRECKS[wreck](Path(folder))
