"""The guard and its yardsticks around the same nothing: a process of its own, which logs as in production.

`python -m bench.calls` reads a `Job` as JSON from standard input and prints each contender's rounds as JSON.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass

import django
import httpx2
import pybreaker
import redis
import stamina
import tenacity
import throttled
from django.conf import settings

from bench.rounds import compete
from integrations.errors import CircuitOpen, Retryable
from integrations.http import observe
from integrations.http.observe import Attempt
from integrations.http.pipeline import guarded
from integrations.http.policy import Policy, grant
from integrations.http.retry import Call
from integrations.http.state import state_of
from integrations.http.states import Mode

FAST = 1_000_000  # calls a second: a rate that is kept account of, and never spent
Contenders = dict[str, Callable[[], object]]


class NotRefused(Exception):
    """A circuit that was to be open let a call out."""


@dataclass(frozen=True)
class Job:
    """Measure for `seconds`; `word` begins every name; `redis` is a URL, or empty where there is none."""

    seconds: float
    word: str
    redis: str


def nothing() -> None:
    """What all of them call."""


def yardsticks() -> Contenders:
    client = httpx2.Client(transport=httpx2.MockTransport(lambda _request: httpx2.Response(200)))
    closed, opened = pybreaker.CircuitBreaker(), pybreaker.CircuitBreaker()
    opened.open()
    limit = throttled.Throttled(key="bench", using="gcra", quota=throttled.per_sec(FAST, FAST))
    return {
        "nothing": nothing,
        "stamina": stamina.retry(on=Retryable, attempts=3)(nothing),
        "tenacity": tenacity.retry(stop=tenacity.stop_after_attempt(3), reraise=True)(nothing),
        "pybreaker": lambda: closed.call(nothing),
        "pybreaker refusing": refused(lambda: opened.call(nothing), pybreaker.CircuitBreakerError),
        "throttled": limit.limit,
        "httpx2": lambda: client.get("http://vendor.test/"),
    }


def redis_yardsticks(word: str, url: str) -> Contenders:
    client = redis.Redis.from_url(url)
    script = client.register_script("return 1")
    limit = throttled.Throttled(
        key=word, using="gcra", quota=throttled.per_sec(FAST, FAST), store=throttled.RedisStore(server=url)
    )
    closed, opened = (_pybreaker(client, f"{word}-{state}", state) for state in ("closed", "open"))
    return {
        "PING": client.ping,
        "EVALSHA": lambda: script(),
        "pybreaker, Redis": lambda: closed.call(nothing),
        "pybreaker refusing, Redis": refused(lambda: opened.call(nothing), pybreaker.CircuitBreakerError),
        "throttled, Redis": limit.limit,
    }


def _pybreaker(client: redis.Redis, name: str, state: str) -> pybreaker.CircuitBreaker:
    breaker = pybreaker.CircuitBreaker(state_storage=pybreaker.CircuitRedisStorage("closed", client, namespace=name))
    if state == "open":
        breaker.open()
    return breaker


def ours(word: str, url: str, where: str = "") -> Contenders:
    """The guard, closed and open, and the state below it; in Redis when `url` is given."""
    settings.REDIS_URL = url  # a vendor's state is made once, from what this says then
    closed, opened = f"{word}-ours-closed{where}", f"{word}-ours-open{where}"
    for slug in (closed, opened):
        grant(slug, Policy(rate=FAST, burst=FAST))
    state_of(opened).order(Mode.OPEN)
    return {
        f"guard{where}": guard(closed),
        f"guard refusing{where}": refused(guard(opened), CircuitOpen),
        f"admit{where}": state_of(closed).admit,
        f"refuse{where}": state_of(opened).admit,
    }


def guard(vendor: str) -> Callable[[], object]:
    call = Call(vendor=vendor, operation="GET /nothing", idempotent=True)
    return lambda: guarded(call, nothing)


def refused(do: Callable[[], object], error: type[Exception]) -> Callable[[], object]:
    def ask() -> None:
        try:
            do()
        except error:
            return
        raise NotRefused

    return ask


def told() -> None:
    """What watching one attempt costs."""
    with observe.traced("bench", "GET /nothing", 1):
        pass
    observe.attempted(Attempt(vendor="bench", operation="GET /nothing", number=1, outcome="ok", seconds=0.1))


def main() -> None:
    job = Job(**json.load(sys.stdin))
    django.setup()
    contenders = {**yardsticks(), **ours(job.word, ""), "observe": told}
    if job.redis:
        contenders |= redis_yardsticks(job.word, job.redis) | ours(job.word, job.redis, ", Redis")
    timings = compete(contenders, job.seconds)
    json.dump({name: asdict(timing)["rounds"] for name, timing in timings.items()}, sys.stdout)


if __name__ == "__main__":
    main()
