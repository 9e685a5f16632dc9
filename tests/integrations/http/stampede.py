"""Many processes of many threads against a dead vendor: how many trials are out at once, how soon all are shut out.

`python -m tests.integrations.http.stampede [processes threads rounds]` prints the figures of the full form.
"""

import json
import multiprocessing
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import redis

from integrations.http.policy import BreakerPolicy, Policy
from integrations.http.shared import SharedState
from integrations.http.states import Outcome, Permit
from integrations.http.wire import Wire
from tests.integrations.http.circuits import OwnRedis

OPEN_FOR = 0.5  # seconds
PERMITS = 5
GRANTED = Policy(
    attempt=1.0,
    rate=0.0,
    breaker=BreakerPolicy(open_for=OPEN_FOR, open_at_most=OPEN_FOR, minimum=20, permits=PERMITS),
)
FAILS_AFTER = 0.03  # seconds that the vendor takes to fail
PAUSE = 0.02  # seconds between two tries of one thread
GO = "stampede:go"
# How many trials are at the vendor, and the most there ever were at once in each round: the generation of its trials.
ENTER = """
local here = redis.call("INCR", "stampede:here")
redis.call("HINCRBY", "stampede:entered", ARGV[1], 1)
local most = tonumber(redis.call("HGET", "stampede:most", ARGV[1]) or 0)
if here > most then redis.call("HSET", "stampede:most", ARGV[1], here) end
return {here}
"""


@dataclass
class Figures:
    """What happened. Times are seconds after the record that opened the circuit."""

    processes: int
    threads: int
    entered: list[int] = field(default_factory=list)  # trials of each round
    most: list[int] = field(default_factory=list)  # at the vendor at once, in each round
    shut: list[float] = field(default_factory=list)  # for each process, when its last call was let out
    told: list[float] = field(default_factory=list)  # for each process, when it was first refused
    broken: int = 0


def run(server: OwnRedis, processes: int, threads: int, rounds: int) -> Figures:
    """Start them, let the circuit open and be tried `rounds` times, and add up what they saw."""
    client, fork = server.client, multiprocessing.get_context("fork")
    client.flushall()
    duration = 1.0 + rounds * (OPEN_FOR + 0.25)
    crowd = [fork.Process(target=_process, args=(server.url, number, threads, duration)) for number in range(processes)]
    for process in crowd:
        process.start()
    while client.llen("stampede:ready") < processes:
        time.sleep(0.01)
    client.set(GO, "1")
    for process in crowd:
        process.join(duration + 30)
    figures = _add_up(client, processes, threads)
    figures.broken += sum(process.exitcode != 0 for process in crowd)
    return figures


def _add_up(client: redis.Redis, processes: int, threads: int) -> Figures:
    figures = Figures(processes, threads)
    for generation in sorted(int(name) for name in client.hkeys("stampede:entered")):
        figures.entered.append(int(client.hget("stampede:entered", str(generation)) or 0))
        figures.most.append(int(client.hget("stampede:most", str(generation)) or 0))
    opened = float(client.get("stampede:opened") or 0)
    told = [json.loads(line) for line in client.lrange("stampede:told", 0, -1)]
    figures.shut = [max(0.0, one["last"] - opened) for one in told]
    figures.told = [one["first"] - opened for one in told]
    figures.broken = sum(one["broken"] for one in told)
    return figures


def _process(url: str, number: int, threads: int, duration: float) -> None:
    """One process of the crowd; each is its own node, and tells when it last let a call out of the closed circuit."""
    client = redis.Redis.from_url(url)
    state = SharedState("dead", GRANTED, Wire(url, 5.0), node=f"node-{number}")
    generation = state.look().generation
    enter = Wire(url, 5.0).script(ENTER, [])
    last, first, broken, lock = [0.0], [float("inf")], [0], threading.Lock()

    def caller() -> None:
        until = time.monotonic() + duration
        try:
            while time.monotonic() < until:
                leave = state.admit()
                if isinstance(leave, Permit):
                    if leave.generation == generation:
                        with lock:
                            last[0] = max(last[0], time.time())
                    _visit(client, enter, state, leave)
                else:
                    with lock:
                        first[0] = min(first[0], time.time())
                time.sleep(PAUSE)
        except Exception:
            with lock:
                broken[0] += 1

    crowd = [threading.Thread(target=caller) for _ in range(threads)]
    client.rpush("stampede:ready", number)
    while not client.get(GO):
        time.sleep(0.005)
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    client.rpush("stampede:told", json.dumps({"last": last[0], "first": first[0], "broken": broken[0]}))


def _visit(client: redis.Redis, enter: Callable[..., Any], state: SharedState, permit: Permit) -> None:
    if permit.lease:
        enter(str(permit.generation))
    time.sleep(FAILS_AFTER)
    if permit.lease:
        client.decr("stampede:here")  # before the report: whoever is let out after it must not meet us there
    before = time.time()
    state.record(permit, Outcome.FAILED, FAILS_AFTER)
    if not permit.lease and state._local.generation > permit.generation:
        client.set("stampede:opened", repr(before), nx=True)


def main(processes: int = 50, threads: int = 20, rounds: int = 6) -> None:
    server = OwnRedis()
    server.start()
    try:
        began = time.perf_counter()
        figures = run(server, processes, threads, rounds)
        took = time.perf_counter() - began
    finally:
        server.close()
    print(f"{processes} processes x {threads} threads, {len(figures.most)} rounds in {took:.1f} s")
    print(f"trials of each round           {figures.entered}")
    print(f"at the vendor at once, at most {figures.most}")
    for what, times in (("last call let out", sorted(figures.shut)), ("first call refused", sorted(figures.told))):
        median, last = times[len(times) // 2] * 1e3, times[-1] * 1e3
        print(f"{what}, after the opening: median {median:.0f} ms, last {last:.0f} ms")
    print(f"calls that met an error: {figures.broken}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
