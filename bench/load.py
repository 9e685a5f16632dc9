"""The load generator: a process of its own that posts prebuilt webhooks over keep-alive connections.

`python -m bench.load` reads a `Job` as JSON from standard input and prints its `Outcome` as JSON.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import cast

import uvloop

from bench.report import percentile

PATIENCE = 60.0  # seconds after the round: a server that still owes an answer then is given up


@dataclass(frozen=True)
class Job:
    """Post for `seconds` to the port over `connections`, ready for `fastest` requests a second.

    With a `pace`, so many a second at even distances, if the answers come in time; without one as fast as they do.
    """

    port: int
    seconds: float
    connections: int = 32
    fastest: int = 8_000
    path: str = "/webhooks/stripe"
    pace: float = 0

    @property
    def most(self) -> int:
        """How many requests are built before the clock starts; a faster server ends the round early."""
        return max(self.connections, round(self.seconds * (self.pace or self.fastest)))


@dataclass
class Outcome:
    """What came back: how many answers of each status, over `elapsed` seconds; latencies are in milliseconds."""

    statuses: dict[str, int]
    elapsed: float
    p50: float
    p95: float
    p99: float

    @property
    def acknowledged(self) -> int:
        return self.statuses.get("200", 0)

    @property
    def rate(self) -> float:
        """Acknowledged webhooks per second."""
        return self.acknowledged / self.elapsed


def measure(job: Job) -> Outcome:
    """Run the job in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=json.dumps(asdict(job)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=job.seconds + 2 * PATIENCE,
    )
    return Outcome(**json.loads(done.stdout))


@dataclass
class Run:
    """What all connections of a run share."""

    requests: Iterator[bytes]
    deadline: float
    open: int
    finished: "asyncio.Future[None]"
    gap: float = 0.0
    turn: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    def wait(self, now: float) -> float:
        """Seconds until the next request may leave, by the pace."""
        self.turn = max(self.turn, now) + self.gap if self.gap else now
        return self.turn - now

    def leave(self) -> None:
        self.open -= 1
        if not self.open and not self.finished.done():
            self.finished.set_result(None)


class Sender(asyncio.Protocol):
    """One connection: the next request goes out when the last answer is complete."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._received = b""
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by behaviour, not by class
        self._next()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if found and _is_whole(head.lower(), body):
            self._received = b""
            self._run.statuses[head[9:12].decode()] += 1
            self._run.latencies.append(time.perf_counter() - self._sent_at)
            self._sent_at = 0.0
            self._next()

    def connection_lost(self, _error: Exception | None) -> None:
        if self._sent_at:
            self._run.statuses["cut"] += 1
        self._run.leave()

    def _next(self) -> None:
        if wait := self._run.wait(time.perf_counter()):
            asyncio.get_running_loop().call_later(wait, self._send)
        else:
            self._send()

    def _send(self) -> None:
        now = time.perf_counter()
        request = next(self._run.requests, None) if now < self._run.deadline else None
        if request is None:
            self._sent_at = 0.0
            self._transport.close()
            return
        self._sent_at = now
        self._transport.write(request)


def _is_whole(head: bytes, body: bytes) -> bool:
    """Whether the body is all there, by its announced length or in chunks to the last one."""
    _, announced, rest = head.partition(b"content-length:")
    return len(body) >= int(rest.split(b"\r\n", 1)[0]) if announced else body.endswith(b"0\r\n\r\n")


async def post(job: Job, requests: list[bytes]) -> Outcome:
    """Post the requests, each once, until the time or they are used up, and wait for the last answers."""
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    gap = 1 / job.pace if job.pace else 0.0
    run = Run(iter(requests), started + job.seconds, job.connections, loop.create_future(), gap, started)
    for _ in range(job.connections):
        await loop.create_connection(lambda: Sender(run), "127.0.0.1", job.port)
    await asyncio.wait_for(run.finished, job.seconds + PATIENCE)
    elapsed = time.perf_counter() - started
    return Outcome(dict(run.statuses), elapsed, *(percentile(run.latencies, percent) for percent in (50, 95, 99)))


def main() -> None:
    from bench.events import signed_requests  # it needs Django's settings, which only this process has

    job = Job(**json.load(sys.stdin))
    outcome = uvloop.run(post(job, signed_requests(job.most, job.port, job.path)))
    json.dump(asdict(outcome), sys.stdout)


if __name__ == "__main__":
    main()
