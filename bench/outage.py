"""A vendor that is down and comes back: what it is asked meanwhile, by calls through the guard and by plain retries.

`python -m bench.outage` reads a `Job` as JSON from standard input and prints its `Findings` as JSON.
"""

import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from unittest import mock

import django
import stamina
from django.conf import settings

from bench.crossing import seen_by
from integrations.errors import Retryable
from integrations.http import pipeline
from integrations.http.policy import BreakerPolicy, Policy, grant
from integrations.http.retry import Call
from integrations.http.state import state_of
from integrations.http.states import Mode

CALLS = 100  # from 60 on the six tokens promise 1.1 requests a call; an outage has more, and fewer each
CALLERS = 50
AGAIN = 0.1  # seconds until a caller whom nobody told when tries again
USUAL = Policy(rate=0)
QUICK = replace(USUAL, breaker=BreakerPolicy(open_for=0.5, open_at_most=0.5))  # the same circuit in a shorter film
PLAIN = stamina.retry(on=Retryable, attempts=USUAL.attempts)

Do = Callable[[], object]


@dataclass(frozen=True)
class Job:
    """The outage lasts `seconds`; `word` begins every name; `redis` is a URL, or empty where there is none."""

    seconds: float
    word: str
    redis: str


@dataclass(frozen=True)
class Storm:
    """Requests while the vendor was down, the most at once after that, and seconds until all had their answer."""

    while_down: int
    at_once: int
    served: float


class Vendor:
    """Counts its requests; each takes `takes` seconds and fails while it is not `up`."""

    def __init__(self, takes: float = 0.0) -> None:
        self._takes, self._lock = takes, threading.Lock()
        self.up = False
        self.requests = self.inside = self.most = 0

    def answer(self) -> None:
        with self._lock:
            up = self.up
            self.requests += 1
            self.inside += 1
            self.most = max(self.most, self.inside)
        time.sleep(self._takes)
        with self._lock:
            self.inside -= 1
        if not up:
            raise Retryable("the vendor is down")

    def recover(self) -> int:
        """Be well from now on; gives the requests until now."""
        with self._lock:
            self.up, self.most = True, self.inside
            return self.requests


def amplification(wrap: Callable[[Do], Do]) -> float:
    """Requests a call in a total outage, the waits between them left out."""
    vendor = Vendor()
    do = wrap(vendor.answer)
    with mock.patch.object(pipeline, "sleep"), mock.patch("tenacity.nap.time.sleep"):
        for _ in range(CALLS):
            try:
                do()
            except Retryable:
                continue
            raise AssertionError("a call to a vendor that is down went well")
    return vendor.requests / CALLS


def storm(wrap: Callable[[Do], Do], seconds: float) -> Storm:
    """Callers who each want one answer of a vendor that is down for `seconds`, and ask until they have it."""
    vendor = Vendor(takes=0.02)
    do = wrap(vendor.answer)
    callers = [threading.Thread(target=_insist, args=(do,)) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    time.sleep(seconds)
    while_down, recovered = vendor.recover(), time.perf_counter()
    for caller in callers:
        caller.join()
    return Storm(while_down, vendor.most, time.perf_counter() - recovered)


def _insist(do: Do) -> None:
    while True:
        try:
            do()
        except Retryable as error:
            time.sleep(error.retry_after or AGAIN)
        else:
            return


def guarded_by(slug: str, policy: Policy, redis: str = "", mode: Mode = Mode.AUTO) -> Callable[[Do], Do]:
    """Calls through the guard, as a vendor of its own."""
    settings.REDIS_URL = redis  # a vendor's state is made once, from what this says then
    grant(slug, policy)
    state_of(slug).order(mode)
    call = Call(vendor=slug, operation="GET /nothing", idempotent=True)
    return lambda do: lambda: pipeline.guarded(call, do)


def find(job: Job) -> dict[str, object]:
    """Everything there is to find; what needs Redis only where there is one."""
    found: dict[str, object] = {
        "amplification, retries": amplification(PLAIN),
        "amplification, budget": amplification(guarded_by(f"{job.word}-budget", USUAL, mode=Mode.CLOSED)),
        "amplification, budget and breaker": amplification(guarded_by(f"{job.word}-both", USUAL)),
        "storm, retries": asdict(storm(PLAIN, job.seconds)),
        "storm, guard": asdict(storm(guarded_by(f"{job.word}-storm", QUICK), job.seconds)),
    }
    if job.redis:
        budget = guarded_by(f"{job.word}-shared-budget", USUAL, job.redis, Mode.CLOSED)
        found["amplification, budget in Redis"] = amplification(budget)
        found["crossing"] = seen_by(f"{job.word}-crossing", job.redis)
    return found


def main() -> None:
    job = Job(**json.load(sys.stdin))
    django.setup()
    json.dump(find(job), sys.stdout)


if __name__ == "__main__":
    main()
