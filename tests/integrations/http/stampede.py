"""Many processes of many threads and a vendor that dies: how many trials are out at once, how soon all are shut out.

`python -m tests.integrations.http.stampede [processes threads rounds [seconds]]` prints the figures of the full form.
"""

import json
import logging
import multiprocessing
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import redis
import structlog

from integrations.http.policy import BreakerPolicy, Policy
from integrations.http.shared import SharedState
from integrations.http.states import Outcome, Permit
from integrations.http.wire import Script, Wire
from tests.ownredis import OwnRedis

OPEN_FOR = 0.5  # seconds
PERMITS = 5
GRANTED = Policy(
    attempt=30.0,  # no trial is given up, however long this machine lets its thread wait
    rate=0.0,
    breaker=BreakerPolicy(window=2, open_for=OPEN_FOR, open_at_most=OPEN_FOR, minimum=20, permits=PERMITS),
)
WELL_FOR = 1.5  # seconds until the vendor dies
TAKES = 0.03  # seconds that a call to the vendor takes
PAUSE = 0.02  # seconds between two tries of one thread
GO, OVER = "stampede:go", "stampede:over"
PATIENCE = 300.0  # seconds after which there have been rounds enough, however few
# How many trials are at the vendor, and the most there ever were at once in each round: the generation of its trials.
ENTER = """
local here = redis.call("INCR", "stampede:here")
redis.call("HINCRBY", "stampede:entered", ARGV[1], 1)
local most = tonumber(redis.call("HGET", "stampede:most", ARGV[1]) or 0)
if here > most then redis.call("HSET", "stampede:most", ARGV[1], here) end
return {here}
"""
# Around the circuit's script, and in the same atomic step: when the circuit first opened, what was granted in the
# closed circuit before and after that, and when the process at hand was first answered that it is not closed any more.
LEDGER = """
local function judge()
%s
end
local reply = judge()
local time = redis.call("TIME")
local now, mine = time[1] * 1000000 + time[2], KEYS[#KEYS]
if reply[1] == "go" and reply[3] ~= "half_open" then
  local late = redis.call("HEXISTS", "stampede:ledger", "opened") == 1
  redis.call("HINCRBY", "stampede:ledger", late and "late" or "early", 1)
  redis.call("HSET", mine, "granted", now)
elseif reply[3] == "open" then
  redis.call("HSETNX", "stampede:ledger", "opened", now)
  redis.call("HSETNX", mine, "answered", now)
end
return reply
"""


class WatchedWire(Wire):
    """Runs the circuit's script within the ledger; `mine` is the key of this process's own page of it."""

    def __init__(self, url: str, mine: str) -> None:
        super().__init__(url, 5.0)
        self._page = mine

    def script(self, source: str, keys: list[str]) -> Script:
        return super().script(LEDGER % source, [*keys, self._page])


@dataclass
class Figures:
    """What happened. Times are seconds after the circuit opened, by the clock of Redis, which is this machine's.

    `early` and `late` are the calls that Redis granted in the closed circuit before it opened, and after. For each
    process: when Redis granted its last one, when that one's caller had `begun` to ask and when it was really let out,
    when Redis first answered that the circuit is open, and when a caller first was refused. `asking` is how long the
    processes' threads waited for leave, and `starved` the longest that a thread of each process was not woken from a
    sleep that was over: what this machine adds to everything else.
    """

    processes: int
    threads: int
    entered: list[int] = field(default_factory=list)  # trials of each round
    most: list[int] = field(default_factory=list)  # at the vendor at once, in each round
    early: int = 0
    late: int = 0
    granted: list[float] = field(default_factory=list)
    begun: list[float] = field(default_factory=list)
    let_out: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    asking: list[float] = field(default_factory=list)
    starved: list[float] = field(default_factory=list)
    broken: int = 0


def run(server: OwnRedis, processes: int, threads: int, rounds: int, well_for: float = WELL_FOR) -> Figures:
    """Start them, let the vendor die and the circuit be tried `rounds` times, and add up what they saw.

    With a vendor that is dead from the start, the connections of all threads are made while the circuit opens.
    """
    client, fork = server.client, multiprocessing.get_context("fork")
    client.flushall()
    crowd = [fork.Process(target=_process, args=(server.url, number, threads, well_for)) for number in range(processes)]
    for process in crowd:
        process.start()
    while client.llen("stampede:ready") < processes:
        time.sleep(0.01)
    client.set(GO, repr(time.time()))
    ends = time.monotonic() + PATIENCE
    while client.hlen("stampede:entered") <= rounds and time.monotonic() < ends:
        time.sleep(0.05)
    client.set(OVER, 1)
    for process in crowd:
        process.join(PATIENCE)
    figures = _add_up(client, processes, threads)
    figures.broken += sum(process.exitcode != 0 for process in crowd)
    return figures


def _add_up(client: redis.Redis, processes: int, threads: int) -> Figures:
    figures = Figures(processes, threads)
    for generation in sorted(int(name) for name in client.hkeys("stampede:entered")):
        figures.entered.append(int(client.hget("stampede:entered", str(generation)) or 0))
        figures.most.append(int(client.hget("stampede:most", str(generation)) or 0))
    ledger = client.hgetall("stampede:ledger")
    figures.early, figures.late = int(ledger[b"early"]), int(ledger.get(b"late", 0))
    opened = int(ledger[b"opened"]) / 1e6
    for number in range(processes):
        page = client.hgetall(_page(number))
        figures.answered.append(int(page[b"answered"]) / 1e6 - opened)
        if b"granted" in page:
            figures.granted.append(int(page[b"granted"]) / 1e6 - opened)
    for told in map(json.loads, client.lrange("stampede:told", 0, -1)):
        if told["last"]:
            figures.let_out.append(told["last"] - opened)
            figures.begun.append(told["begun"] - opened)
        figures.refused.append(told["first"] - opened)
        figures.asking += told["asking"]
        figures.starved.append(told["starved"])
        figures.broken += told["broken"]
    return figures


def _page(number: int) -> str:
    return f"stampede:process:{number}"


class Crowd:
    """One process's threads; each process is its own node."""

    def __init__(self, url: str, number: int) -> None:
        self._client, self._lock = redis.Redis.from_url(url), threading.Lock()
        self._state = SharedState("dead", GRANTED, WatchedWire(url, _page(number)), node=f"node-{number}")
        self._enter: Callable[..., Any] = Wire(url, 5.0).script(ENTER, [])
        self._closed = self._state.look().generation
        self.begun, self.last, self.first, self.starved, self.broken = 0.0, 0.0, float("inf"), 0.0, 0
        self.asking: list[float] = []
        self.over = threading.Event()

    def call(self, dies: float) -> None:
        """Call again and again until it is over; a call to the vendor goes well until it dies, at a Unix time."""
        try:
            while not self.over.is_set():
                self._call(dies)
                self._sleep(PAUSE)
        except Exception:  # a thread's error ends nobody but the thread: it is shown here, and counted for who asks
            traceback.print_exc()
            with self._lock:
                self.broken += 1

    def _sleep(self, seconds: float) -> None:
        began = time.time()
        time.sleep(seconds)
        late = time.time() - began - seconds
        with self._lock:
            self.starved = max(self.starved, late)

    def _call(self, dies: float) -> None:
        began = time.time()
        leave = self._state.admit()
        now = time.time()
        with self._lock:
            self.asking.append(now - began)
            if not isinstance(leave, Permit):
                self.first = min(self.first, now)
            elif leave.generation == self._closed:
                self.begun, self.last = max(self.begun, began), max(self.last, now)
        if isinstance(leave, Permit):
            self._visit(leave, now < dies)

    def _visit(self, permit: Permit, well: bool) -> None:
        if permit.lease:
            self._enter(str(permit.generation))
        self._sleep(TAKES)
        if permit.lease:
            self._client.decr("stampede:here")  # before the report: whoever is let out after it must not meet us there
        self._state.record(permit, Outcome.OK if well else Outcome.FAILED, TAKES)


def _process(url: str, number: int, threads: int, well_for: float) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    client, crowd = redis.Redis.from_url(url), Crowd(url, number)
    client.rpush("stampede:ready", number)
    while not (go := client.get(GO)):
        time.sleep(0.005)
    callers = [threading.Thread(target=crowd.call, args=(float(go) + well_for,)) for _ in range(threads)]
    for caller in callers:
        caller.start()
    while not client.exists(OVER):
        time.sleep(0.1)
    crowd.over.set()
    for caller in callers:
        caller.join()
    told = {name: getattr(crowd, name) for name in ("begun", "last", "first", "starved", "broken")}
    client.rpush("stampede:told", json.dumps(told | {"asking": crowd.asking[::10]}))


def main(processes: int = 50, threads: int = 20, rounds: int = 6, well_for: float = WELL_FOR) -> None:
    server = OwnRedis()
    server.start()
    try:
        began = time.perf_counter()
        figures = run(server, processes, threads, rounds, well_for)
        took = time.perf_counter() - began
    finally:
        server.close()
    print(f"{processes} processes x {threads} threads, {len(figures.most)} rounds in {took:.1f} s")
    print(f"trials of each round           {figures.entered}")
    print(f"at the vendor at once, at most {figures.most}")
    print(f"granted by Redis before the circuit opened: {figures.early}, after it: {figures.late}")
    print("for each process, after the opening:")
    for words in ("granted", "begun", "let_out", "answered", "refused", "asking", "starved"):
        times = sorted(getattr(figures, words))
        middle, late, last = (times[int(len(times) * part)] * 1e3 for part in (0.5, 0.99, 0.99999))
        print(f"  {words:10} median {middle:5.0f} ms, 99th {late:5.0f} ms, last {last:5.0f} ms")
    print(f"calls that met an error: {figures.broken}")


if __name__ == "__main__":
    counts, seconds = sys.argv[1:4], sys.argv[4:5]
    main(*map(int, counts), *map(float, seconds))
