"""One run: servers, topology, traffic, mishaps, and what came of it all."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from math import inf
from pathlib import Path

from tests.chaos.effects import PENDING, UNDONE, Tally, left, prepare, tally
from tests.chaos.havoc import Havoc
from tests.chaos.pushes import Pushes
from tests.chaos.sender import Sender
from tests.chaos.servers import PostgreSQL, RabbitMQ, Redis, Server
from tests.topology import GROWN, WORKER, Topology

COMMANDS = {**GROWN, "second_worker": [*WORKER, "--hostname", "second@%h"]}
STANDSTILL = 90.0  # seconds without progress: three times what a death costs


class Bare(Topology):
    """With empty tables: a demo's people and products have no part in this."""

    def prepare(self) -> None:
        self.manage("migrate", "-v0")


@dataclass
class Report:
    """What was done, and what came of it; times are seconds."""

    done: list[tuple[float, float, str]]
    died: Counter[str]
    answers: Counter[str]
    sending: float
    effects_after: float
    sinks_after: float
    tally: Tally

    @property
    def good(self) -> bool:
        return self.tally.good

    def lines(self) -> list[str]:
        done = [f"{at:7.1f} s  {name} ({took:.1f} s)" for at, took, name in self.done]
        by_themselves = ", ".join(f"{name} {count}×" for name, count in self.died.items()) or "nobody"
        answers = ", ".join(f"{answer} {count}×" for answer, count in sorted(self.answers.items()))
        figures = {
            "died by themselves": by_themselves,
            "answers": answers,
            "acknowledged": f"{len(self.tally.acknowledged)} in {self.sending:.1f} s",
            "effects": f"{self.tally.handled.total()}, the last {self.effects_after:.1f} s after the last answer",
            "told to the sinks": f"the last {self.sinks_after:.1f} s after the last answer",
            "lost": str(len(self.tally.lost)),
            "doubled": str(len(self.tally.doubled)),
            "unasked": str(len(self.tally.unasked)),
        }
        return [*done, *(f"{name:>18}  {value}" for name, value in figures.items())]


def run(folder: Path, mishaps: Sequence[str], events: int, **variables: str) -> Report:
    """Send `events` in a wave for each mishap, which happens when a third of the wave is acknowledged."""
    with ExitStack() as stack:
        postgres, redis, rabbitmq = servers = PostgreSQL(folder), Redis(folder), RabbitMQ(folder)
        for server in servers:
            stack.callback(server.crash)
        _start(servers)
        urls = {"DATABASE_URL": postgres.url, "REDIS_URL": redis.url, "BROKER_URL": rabbitmq.url}
        urls["DJANGO_SETTINGS_MODULE"] = "tests.chaos.settings"
        prepare(postgres.url)
        var = folder / "var"
        var.mkdir()
        patchbay = stack.enter_context(Bare(var, COMMANDS, **urls, **variables))
        havoc = Havoc(patchbay, postgres, redis, rabbitmq)
        stack.enter_context(havoc.supervised())
        return _campaign(havoc, mishaps, events)


def _start(servers: Sequence[Server]) -> None:
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda server: server.start(), servers))


def _campaign(havoc: Havoc, mishaps: Sequence[str], events: int) -> Report:
    pushes, sender, url = Pushes(), Sender(havoc.patchbay.port), havoc.postgres.url
    started = time.monotonic()
    asyncio.run(_waves(havoc, mishaps, sender, [(number, pushes.request(number)) for number in range(events)]))
    sent = time.monotonic()
    times = [_seconds_until_none(havoc, question, sent) for question in (PENDING, UNDONE)]
    found = tally(url, {pushes.head(number) for number in sender.acknowledged})
    return Report(havoc.done, Counter(havoc.died), sender.answers, sent - started, *times, found)


def _seconds_until_none(havoc: Havoc, question: str, since: float) -> float:
    """How long it took; infinite when they stop growing fewer: what is lost then shows in the tally."""
    fewest, moved = inf, time.monotonic()
    while count := left(havoc.postgres.url, question):
        if count < fewest:
            fewest, moved = count, time.monotonic()
        if time.monotonic() - moved > STANDSTILL:
            return inf
        time.sleep(0.2)
    return time.monotonic() - since


async def _waves(havoc: Havoc, mishaps: Sequence[str], sender: Sender, requests: list[tuple[int, bytes]]) -> None:
    size = -(-len(requests) // len(mishaps))
    for number, mishap in enumerate(mishaps):
        wave = requests[number * size : (number + 1) * size]
        await asyncio.gather(sender.send(wave), _strike(havoc, mishap, sender, number * size + len(wave) // 3))


async def _strike(havoc: Havoc, mishap: str, sender: Sender, after: int) -> None:
    while len(sender.acknowledged) < after:
        await asyncio.sleep(0.001)
    await asyncio.to_thread(havoc.strike, mishap)
