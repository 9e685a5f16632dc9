"""One customer's endpoint that hangs, and what the others notice of it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench import databases
from bench.report import Line, Result, percentile

MOST = 1.2
HANG = 30.0
TIMEOUT = "5"  # so that hanging tries come to their end within a turn
PATIENCE = 120.0  # seconds that the measuring process may take beyond its own time


def run(folder: Path, seconds: float) -> Result:
    """Four times in turns, `2.5 × seconds` with all of 21 endpoints well, and as long with one that hangs for 30 s."""
    lines, details = [], {}
    for name, copy in _databases(folder):
        found = _measure({"quiet": 2.5 * seconds, "hanging": 2.5 * seconds, "hang": HANG}, copy, folder)
        lines += [_line(name, percent, found) for percent in (50, 95)]
        details[name] = found
    return Result("isolation", lines, details)


def _databases(folder: Path) -> Iterator[tuple[str, str]]:
    with databases.sqlite(folder) as copies:
        yield "SQLite", copies("isolation").url
    if databases.postgresql_answers():
        with databases.postgresql(folder) as copies:
            yield "PostgreSQL", copies("isolation").url


def _measure(job: dict[str, float], url: str, folder: Path) -> dict[str, list[float]]:
    log = folder / "sending.log"
    with log.open("a") as output:
        done = subprocess.run(
            [sys.executable, "-m", "bench.sending"],
            env={**os.environ, "DATABASE_URL": url, "PATCHBAY_ENDPOINT_SECONDS": TIMEOUT},
            input=json.dumps(job),
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            timeout=4 * (job["quiet"] + job["hanging"]) + PATIENCE,
            check=False,
        )
    if done.returncode:
        raise RuntimeError("sending failed; its last words:\n" + "\n".join(log.read_text().splitlines()[-20:]))
    return json.loads(done.stdout)


def _line(name: str, percent: int, found: dict[str, list[float]]) -> Line:
    measured, usual = (percentile(found[kind], percent) for kind in ("hanging", "quiet"))
    what = f"{name}: due → received, p{percent}, beside none hanging"
    expected = f"≤ {MOST}×" if percent == 95 else ""
    return Line(what, measured, usual, "ms", expected, measured <= MOST * usual)
