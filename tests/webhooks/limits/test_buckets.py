"""Buckets, in this process and in Redis: exact under concurrency, and right about time."""

import subprocess
import sys
from collections.abc import Callable, Sequence

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.topology import ROOT
from tests.webhooks.limits.conftest import STANDARD, STILL, Clock
from tests.webhooks.limits.crowd import at_once
from webhooks.api.buckets import Buckets, OwnBuckets
from webhooks.api.shared import connect

STEP = 1 / 1.66  # seconds between the requests of a polite client
MINUTES = 300.0  # seconds that the patient tests cover
GAPS = st.lists(st.integers(0, 2500), min_size=1, max_size=60)  # milliseconds
PATIENTLY = settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
# Lets time pass for one bucket: it is full that much earlier. The time really gone since the last look is part of it.
PASS = """
local now = redis.call("TIME")
now = now[1] * 1000000 + now[2]
local full, last = redis.call("GET", KEYS[1]), redis.call("GET", KEYS[2])
local gone = last and (now - last) / 1000000 or 0
if full then redis.call("SET", KEYS[1], full - (ARGV[1] - gone), "KEEPTTL") end
redis.call("SET", KEYS[2], now, "EX", 60)
"""
Take = Callable[[], bool]
Advance = Callable[[float], None]


@pytest.fixture
def own(clock: Clock, name: str) -> tuple[Take, Advance]:
    """A bucket of this process, and how to let time pass."""
    buckets = Buckets(STANDARD)
    return lambda: buckets.take(name).admitted, clock.advance


@pytest.fixture
def advance(redis_url: str, clock: Clock, name: str) -> Advance:
    """How to let time pass for this bucket in the real Redis, and in this process."""
    passing, key = connect(redis_url).register_script(PASS), f"patchbay:api:100:20:{name}"

    def advance(seconds: float) -> None:
        clock.advance(seconds)
        passing([key, f"{key}:looked"], [seconds])

    advance(0)
    return advance


@pytest.fixture
def shared(redis_url: str, name: str, advance: Advance) -> tuple[Take, Advance]:
    """A bucket in the real Redis and its twin, and how to let time pass for both."""
    buckets = Buckets(STANDARD, connect(redis_url))
    return lambda: buckets.take(name).admitted, advance


@pytest.fixture(params=["own", "shared"])
def bucket(request: pytest.FixtureRequest) -> tuple[Take, Advance]:
    return request.getfixturevalue(request.param)


def test_of_200_simultaneous_calls_in_this_process_exactly_20_pass(name: str) -> None:
    buckets = Buckets(STILL)
    assert at_once(lambda: buckets.take(name).admitted, 40, 5) == 20


def test_of_200_simultaneous_calls_over_redis_exactly_20_pass(redis_url: str, name: str) -> None:
    buckets = Buckets(STILL, connect(redis_url))
    assert at_once(lambda: buckets.take(name).admitted, 40, 5) == 20


def test_without_the_twin_redis_admits_no_more_and_no_fewer(redis_url: str, name: str) -> None:
    """The twin only spares Redis what it would refuse anyway: forty processes of one thread each come to the same."""
    client = connect(redis_url)
    crowd = iter([Buckets(STILL, client) for _ in range(200)])
    assert at_once(lambda: next(crowd).take(name).admitted, 40, 5) == 20


@pytest.mark.parametrize("skews", [[0, 0, 0, 0], [30, -30]])
def test_several_processes_together_pass_exactly_20_whatever_their_clocks_say(
    redis_url: str, name: str, skews: Sequence[int]
) -> None:
    hosts = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.webhooks.limits.crowd", redis_url, name, str(skew)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for skew in skews
    ]
    assert [host.stdout.readline() for host in hosts] == ["ready\n"] * len(hosts)
    for host in hosts:
        host.stdin.write("go\n")
        host.stdin.flush()
    assert sum(int(host.communicate(timeout=120)[0]) for host in hosts) == 20


def test_a_polite_client_is_never_refused(bucket: tuple[Take, Advance]) -> None:
    take, advance = bucket
    for _ in range(round(MINUTES / STEP)):
        assert take()
        advance(STEP)


def test_a_client_that_is_a_little_too_fast_is_refused_once_its_burst_is_spent(bucket: tuple[Take, Advance]) -> None:
    take, advance = bucket
    admitted = 0
    for _ in range(round(MINUTES * 1.8)):
        admitted += take()
        advance(1 / 1.8)
    assert abs(admitted - (20 + MINUTES / 0.6)) <= 2


@PATIENTLY
@given(gaps=GAPS)
def test_any_client_gets_what_the_rate_and_the_burst_give_in_this_process(gaps: list[int]) -> None:
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("throttled.utils.now_mono_f", clock)
        buckets = Buckets(STANDARD)
        _hold_to_arithmetic(lambda: buckets.take("x").admitted, clock.advance, gaps)


@PATIENTLY
@given(gaps=GAPS)
def test_any_client_gets_what_the_rate_and_the_burst_give_over_redis(
    shared: tuple[Take, Advance], clock: Clock, gaps: list[int]
) -> None:
    take, advance = shared
    advance(60)  # each example begins with a full bucket
    _hold_to_arithmetic(take, advance, gaps)


def _hold_to_arithmetic(take: Take, advance: Advance, gaps: list[int]) -> None:
    """Milliseconds in whole numbers; so near the border that the machine's own time decides, it may decide."""
    interval, burst, debt = 600, 20, 0
    for gap in gaps:
        admitted = take()
        room = burst * interval - debt
        if abs(room - interval) > 50:
            assert admitted == (room > interval), (room, gaps)
        debt += interval if admitted else 0
        advance(gap / 1000)
        debt = max(0, debt - gap)


@pytest.mark.parametrize("where", ["own", "shared"])
def test_what_is_left_and_when_there_is_more_are_told_truly(
    where: str, clock: Clock, name: str, request: pytest.FixtureRequest
) -> None:
    client = connect(request.getfixturevalue("redis_url")) if where == "shared" else None
    buckets = Buckets(STILL, client)
    told = [buckets.take(name) for _ in range(22)]
    assert [one.left for one in told] == [*range(19, -1, -1), 0, 0]
    assert [one.admitted for one in told] == [True] * 20 + [False] * 2
    assert all(59 < one.wait <= 60 for one in told)


def test_what_redis_refuses_is_not_paid_for_here(clock: Clock, name: str) -> None:
    """Twenty at once, refused by a bucket that others emptied and that is about to gain one."""
    own, asked = OwnBuckets(STANDARD), clock()
    assert all(own.take(name)[0] for _ in range(20))
    for _ in range(20):
        own.follow(name, asked, False, 0, 19.1 * STANDARD.interval)
    assert not own.take(name)[0]
    clock.advance(0.2 * STANDARD.interval)
    assert own.take(name)[0]


def test_one_name_does_not_pay_for_another(redis_url: str, name: str) -> None:
    buckets = Buckets(STILL, connect(redis_url))
    assert sum(buckets.take(name).admitted for _ in range(30)) == 20
    assert buckets.take(f"{name}:other").admitted


def test_a_check_is_one_round_trip(own_redis) -> None:
    client = connect(own_redis.url)
    buckets = Buckets(STANDARD, client)
    buckets.take("warm")
    client.config_resetstat()
    for number in range(100):
        buckets.take(f"client:{number}")
    calls = {
        command: stats["calls"]
        for command, stats in redis.Redis.from_url(own_redis.url).info("commandstats").items()
        if command not in ("cmdstat_get", "cmdstat_set", "cmdstat_time")  # made by the script, inside Redis
    }
    assert calls["cmdstat_evalsha"] == 100
    assert set(calls) <= {"cmdstat_evalsha", "cmdstat_config|resetstat", "cmdstat_hello", "cmdstat_client|setinfo"}
