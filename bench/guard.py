"""What it costs to call a vendor through the guard, and what it is worth when the vendor fails."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench import databases, servers
from bench.report import Line, Result
from bench.rounds import Timing

PATIENCE = 120.0  # seconds that a measuring process may take beyond its own time
SHARE = 0.25  # of an HTTP call that costs no network
# What is measured, beside what, and the most it should be (µs).
COSTS: tuple[tuple[str, str, float | None], ...] = (
    ("guard", "pybreaker", 15.0),
    ("guard", "stamina", None),
    ("guard", "tenacity", None),
    ("observe", "guard", None),
    ("guard refusing", "pybreaker refusing", 5.0),
    ("admit", "throttled", None),
)
REDIS_COSTS: tuple[tuple[str, str, float | None], ...] = (
    ("guard, Redis", "pybreaker, Redis", 150.0),
    ("guard, Redis", "PING", None),
    ("guard, Redis", "EVALSHA", None),
    ("guard refusing, Redis", "pybreaker refusing, Redis", 5.0),
    ("admit, Redis", "throttled, Redis", None),
)
WORDS = {
    "observe": "of which watching: count, trace, log line",
    "admit": "leave for one attempt, rate kept",
    "admit, Redis": "leave for one attempt, rate kept, Redis",
    "pybreaker": "pybreaker around the same nothing",
    "pybreaker, Redis": "pybreaker around the same nothing",
    "pybreaker refusing": "pybreaker refusing",
    "pybreaker refusing, Redis": "pybreaker refusing",
    "guard": "guard",
    "throttled": "throttled-py's GCRA",
    "throttled, Redis": "throttled-py's GCRA",
    "EVALSHA": "an EVALSHA that returns 1",
    "PING": "a PING",
}
AMPLIFICATION, OPEN_FOR_ALL = 1.1, 250.0


def run(folder: Path, seconds: float) -> Result:
    """Twice `seconds` of calls in turns, with Redis where there is one; then outages of two fifths of `seconds`."""
    # Failed attempts are kept as rows.
    servers.run(["manage.py", "migrate", "-v0"], {})
    with databases.redis_keys() as (url, word):
        job = {"word": word, "redis": url}
        measured = _measure("bench.calls", {**job, "seconds": 2 * seconds}, folder)
        found = _measure("bench.outage", {**job, "seconds": 0.4 * seconds}, folder)
    timings = {name: Timing(rounds) for name, rounds in measured.items()}
    return Result("guard", [*costs(timings), *worth(found)], {"calls": _details(timings), "outage": found})


def _measure(module: str, job: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """What the module finds in a process of its own, whose log goes to a file as in production."""
    path = folder / f"{module}.log"
    with path.open("w") as log:
        done = subprocess.run(
            [sys.executable, "-m", module],
            input=json.dumps(job),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            timeout=job["seconds"] + PATIENCE,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"{module} failed; its last words:\n" + "\n".join(path.read_text().splitlines()[-20:]))
    return json.loads(done.stdout)


def costs(timings: Mapping[str, Timing]) -> list[Line]:
    """What calls cost, all in microseconds: the median of the rounds' medians."""
    pairs = COSTS + (REDIS_COSTS if "PING" in timings else ())
    lines = [_cost(timings, *pair) for pair in pairs]
    share = timings["guard"].usual / timings["httpx2"].usual
    call = _cost(timings, "guard", "httpx2", None, "an httpx2 call without a network")
    met = share < SHARE
    return [*lines, Line(call.what, call.measured, call.yardstick, "µs", f"< {SHARE}×", met)]


def _cost(timings: Mapping[str, Timing], name: str, beside: str, most: float | None, words: str = "") -> Line:
    measured, yardstick = timings[name], timings[beside]
    what = f"{WORDS.get(name, name)}, beside {words or WORDS.get(beside, beside)}"
    if most is None:
        return Line(what, measured.usual, yardstick.usual, "µs")
    what += f" (calmest round {measured.calmest:.1f} µs)"
    return Line(what, measured.usual, yardstick.usual, "µs", f"≤ {most:.0f} µs", measured.usual <= most)


def worth(found: Mapping[str, Any]) -> list[Line]:
    """What a failing vendor is spared, beside three attempts of everybody's."""
    ways = ["budget", "budget in Redis", "budget and breaker"]
    lines = [_amplification(way, found) for way in ways if f"amplification, {way}" in found]
    guard, plain = found["storm, guard"], found["storm, retries"]
    lines += [
        Line("storm: requests while it is down, beside plain retries", guard["while_down"], plain["while_down"], ""),
        Line("storm: most at once when it is back, beside plain retries", guard["at_once"], plain["at_once"], ""),
        Line("storm: until all are served, beside plain retries", guard["served"] * 1e3, plain["served"] * 1e3, "ms"),
    ]
    if crossing := found.get("crossing"):
        last, first = max(crossing) * 1000, min(crossing) * 1000
        what = f"open: seen by the last of {len(crossing)} processes, beside the first"
        lines.append(Line(what, last, first, "ms", f"≤ {OPEN_FOR_ALL:.0f} ms", last <= OPEN_FOR_ALL))
    return lines


def _amplification(way: str, found: Mapping[str, Any]) -> Line:
    measured, plain = found[f"amplification, {way}"], found["amplification, retries"]
    what = f"outage: requests a call with {way}, beside plain retries"
    return Line(what, measured, plain, "", f"≤ {AMPLIFICATION}", measured <= AMPLIFICATION)


def _details(timings: Mapping[str, Timing]) -> dict[str, Any]:
    return {
        name: {"usual": timing.usual, "calmest": timing.calmest, "rounds": timing.rounds}
        for name, timing in timings.items()
    }
