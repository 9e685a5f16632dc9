"""How soon every process knows that a circuit has opened: processes that keep calling, and the one that crosses.

`python -m bench.crossing` is one that keeps calling: it reads the vendor's slug from standard input, says `ready` when
a call of its own went well, and at its first refusal the Unix time.
"""

import os
import subprocess
import sys
import time
from contextlib import ExitStack

import django
from django.conf import settings

from integrations.errors import CircuitOpen, Retryable
from integrations.http.pipeline import guarded
from integrations.http.policy import BreakerPolicy, Policy, grant
from integrations.http.retry import Call
from integrations.http.state import state_of

PROCESSES = 8
PAUSE = 0.01  # seconds between two calls of a process
# The others' calls go well all the time: a few failures must cross the rate all the same.
POLICY = Policy(rate=0, attempts=1, breaker=BreakerPolicy(failure_rate=0.001))
MOST = 1000


def seen_by(slug: str, redis: str, processes: int = PROCESSES) -> list[float]:
    """Seconds from the record that opens the circuit until each of the processes refuses."""
    environment = {**os.environ, "REDIS_URL": redis}
    with ExitStack() as stack:
        others = [stack.enter_context(_start(environment)) for _ in range(processes)]
        stack.callback(lambda: [other.kill() for other in others])
        for other in others:
            print(slug, file=other.stdin, flush=True)
        for other in others:
            assert other.stdout.readline() == "ready\n"
        crossed = _cross(slug, redis)
        return [float(other.stdout.readline()) - crossed for other in others]


def _start(environment: dict[str, str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench.crossing"]
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _cross(slug: str, redis: str) -> float:
    """Fail until the circuit opens; the Unix time just before the call that opened it."""
    settings.REDIS_URL = redis
    grant(slug, POLICY)
    call = Call(vendor=slug, operation="GET /nothing", idempotent=True)
    for _ in range(MOST):
        before = time.time()
        try:
            guarded(call, _fail)
        except Retryable:
            if state_of(slug).look().state != "closed":
                return before
    raise AssertionError("the circuit did not open")


def _fail() -> None:
    raise Retryable("the vendor is down")


def _keep_calling(slug: str) -> None:
    grant(slug, POLICY)
    call = Call(vendor=slug, operation="GET /nothing", idempotent=True)
    guarded(call, lambda: None)
    print("ready", flush=True)
    try:
        while True:
            time.sleep(PAUSE)
            guarded(call, lambda: None)
    except CircuitOpen:
        print(time.time(), flush=True)


if __name__ == "__main__":
    django.setup()
    _keep_calling(sys.stdin.readline().strip())
