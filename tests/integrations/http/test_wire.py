"""Connections to Redis: under threads, forks, idle cuts, and a Redis that is dead or hangs. With the real clock."""

import os
import threading
import time
from collections.abc import Iterator

import pytest
import redis

from integrations.http.shared import SharedState
from integrations.http.states import Outcome
from integrations.http.wire import Away, Wire
from tests.integrations.http.circuits import HASTY, PATIENCE, Clock, fail, let_out, policy
from tests.ownredis import OwnRedis

ECHO = "return {ARGV[1], redis.call('GET', 'count') or 'none'}"


@pytest.fixture
def wire(own_redis: OwnRedis, clock: Clock, request: pytest.FixtureRequest) -> Wire:
    return Wire(own_redis.url, HASTY if "hung" in request.fixturenames else PATIENCE, clock)


@pytest.fixture
def hung(own_redis: OwnRedis) -> Iterator[OwnRedis]:
    yield own_redis
    own_redis.resume()


def test_a_script_that_redis_does_not_know_is_sent_whole(wire: Wire, own_redis: OwnRedis) -> None:
    echo = wire.script(ECHO, [])
    assert echo("a")[0] == b"a"
    own_redis.client.script_flush()
    assert echo("b")[0] == b"b"


def test_a_connection_that_was_closed_while_idle_is_made_anew(wire: Wire, own_redis: OwnRedis) -> None:
    echo = wire.script(ECHO, [])
    echo("a")
    for client in own_redis.client.client_list():
        if client["id"] != str(own_redis.client.client_id()):
            own_redis.client.client_kill_filter(_id=client["id"])
    assert echo("b")[0] == b"b"


COUNT = "return redis.call('INCRBY', 'count', ARGV[1])"


def test_what_is_told_is_done_once_and_its_answer_taken_for_no_other(wire: Wire, own_redis: OwnRedis) -> None:
    echo, count = wire.script(ECHO, []), wire.script(COUNT, [])
    count("1")
    for number in range(50):
        count.tell("1")
        if number % 3 == 0:
            assert echo(str(number)) == [str(number).encode(), str(number + 2).encode()]
    assert count("0") == 51


def test_what_is_told_in_vain_spoils_no_answer(wire: Wire, own_redis: OwnRedis) -> None:
    echo, count = wire.script(ECHO, []), wire.script(COUNT, [])
    echo("a")
    own_redis.client.script_flush()
    count.tell("1")
    count.tell("no number")
    assert echo("b") == [b"b", b"none"]
    assert echo("c") == [b"c", b"none"]


def test_what_is_told_over_a_connection_that_was_cut_says_so_or_is_found_out(wire: Wire, own_redis: OwnRedis) -> None:
    echo, count = wire.script(ECHO, []), wire.script(COUNT, [])
    count("1")
    for client in own_redis.client.client_list():
        if client["id"] != str(own_redis.client.client_id()):
            own_redis.client.client_kill_filter(_id=client["id"])
    count.tell("1")
    assert echo("a")[0] == b"a"
    assert wire._mine.owed == 0


def test_a_redis_that_hangs_is_lost_by_the_question_after_what_was_told(wire: Wire, hung: OwnRedis) -> None:
    echo, count = wire.script(ECHO, []), wire.script(COUNT, [])
    count("1")
    hung.hang()
    count.tell("1")
    with pytest.raises(redis.RedisError):
        echo("a")
    with pytest.raises(Away):
        count.tell("1")


def test_each_thread_gets_its_own_answers(wire: Wire) -> None:
    echo, wrong = wire.script(ECHO, []), []

    def ask(name: str) -> None:
        for number in range(200):
            text = f"{name}-{number}"
            if echo(text)[0] != text.encode():
                wrong.append(text)

    threads = [threading.Thread(target=ask, args=(str(name),)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert wrong == []


def test_threads_may_come_and_go_without_end(wire: Wire) -> None:
    echo, failed = wire.script(ECHO, []), []

    def ask() -> None:
        try:
            echo("a")
        except redis.RedisError as error:
            failed.append(error)

    for _ in range(120):
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join(60)
    assert failed == []


def test_a_fork_does_not_read_its_parents_answers(wire: Wire) -> None:
    echo = wire.script(ECHO, [])
    echo("parent")
    child = os.fork()
    if not child:
        ok = all(echo(f"child-{number}")[0] == f"child-{number}".encode() for number in range(300))
        os._exit(0 if ok else 1)
    answers = [echo(f"parent-{number}")[0] for number in range(300)]
    assert os.waitpid(child, 0)[1] == 0
    assert answers == [f"parent-{number}".encode() for number in range(300)]


def test_an_answer_that_comes_too_late_is_never_taken_for_the_next(wire: Wire, hung: OwnRedis, clock: Clock) -> None:
    echo = wire.script(ECHO, [])
    echo("before")
    hung.hang()
    with pytest.raises(redis.TimeoutError):
        echo("late")
    hung.resume()
    clock.advance(1.1)
    assert [echo(text)[0] for text in ("next", "after")] == [b"next", b"after"]


def test_an_interrupted_exchange_leaves_no_answer_behind(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    echo = wire.script(ECHO, [])
    echo("before")
    connection = wire._mine.connection

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(connection, "read_response", interrupted)
    with pytest.raises(KeyboardInterrupt):
        echo("interrupted")
    monkeypatch.undo()
    assert echo("next")[0] == b"next"


def test_an_error_in_the_script_is_an_answer_and_no_loss(wire: Wire) -> None:
    bad, good = wire.script("return redis.call('NONSENSE')", []), wire.script(ECHO, [])
    with pytest.raises(redis.ResponseError):
        bad()
    assert good("a")[0] == b"a"


def test_a_lost_redis_is_tried_by_one_thread_and_the_others_go_on(wire: Wire, hung: OwnRedis, clock: Clock) -> None:
    echo = wire.script(ECHO, [])
    echo("a")
    hung.hang()
    with pytest.raises(redis.TimeoutError):
        echo("first")
    clock.advance(1.1)
    paid, start = [], threading.Barrier(10)

    def ask() -> None:
        start.wait()
        try:
            echo("again")
        except Away:
            paid.append(False)
        except redis.RedisError:
            paid.append(True)

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(paid) == [False] * 9 + [True]


def trials(wire: Wire, clock: Clock, seconds: int) -> list[int]:
    """At which seconds Redis was really asked."""
    echo, asked = wire.script(ECHO, []), []
    for second in range(seconds):
        try:
            echo("a")
        except Away:
            pass
        except redis.RedisError:
            asked.append(second)
        clock.advance(1.0)
    return asked


def test_a_hung_redis_is_tried_less_and_less_often(own_redis: OwnRedis, hung: OwnRedis, clock: Clock) -> None:
    wire = Wire(own_redis.url, 0.02, clock)
    hung.hang()
    assert trials(wire, clock, 125) == [0, 1, 3, 7, 15, 31, 61, 91, 121]


def test_a_dead_redis_that_refuses_at_once_is_tried_every_second(
    wire: Wire, own_redis: OwnRedis, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.absence.COSTLY", 60)  # however busy this machine is
    own_redis.kill()
    assert trials(wire, clock, 10) == list(range(10))


def test_many_that_were_under_way_when_it_hung_count_as_one_loss(wire: Wire, hung: OwnRedis, clock: Clock) -> None:
    echo, ready, go = wire.script(ECHO, []), threading.Barrier(9), threading.Event()

    def ask() -> None:
        echo("a")
        ready.wait()
        go.wait()
        with pytest.raises(redis.TimeoutError):
            echo("b")

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    ready.wait()
    hung.hang()
    go.set()
    for thread in threads:
        thread.join(60)
    assert wire._absence._pause == 1.0


@pytest.mark.parametrize("loss", ["kill", "hang"])
def test_no_caller_ever_sees_that_redis_is_gone_and_few_feel_it(own_redis: OwnRedis, loss: str) -> None:
    state = SharedState("acme", policy(minimum=10_000), Wire(own_redis.url, HASTY), node="one")
    fail(state, 20)
    getattr(own_redis, loss)()
    try:
        took = []
        for _ in range(500):
            began = time.perf_counter()
            state.record(let_out(state), Outcome.FAILED, 0.1)
            took.append(time.perf_counter() - began)
    finally:
        if loss == "hang":
            own_redis.resume()
    assert took[0] < 10 * HASTY
    assert sorted(took[1:])[int(0.8 * len(took[1:]))] < 0.001  # a busy machine interrupts some
    assert state.look().failures == 520
