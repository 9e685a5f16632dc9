"""What the supervisor of several web processes decides: whom to replace, when to give up, when to end."""

import asyncio
import os
import signal
import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest
import uvicorn
from uvicorn.config import STARTUP_FAILURE

from config import supervisor as supervising
from config.serving import Serving
from config.supervisor import Pulse, Supervisor, Told, guard


class Child:
    """A process as the supervisor sees it."""

    def __init__(self, *_given: Any) -> None:
        self.alive, self.ready, self.exitcode, self.pid = True, False, None, 1

    def is_alive(self, _timeout: float) -> bool:
        return self.alive

    def is_ready(self, _timeout: float) -> bool:
        return self.alive and self.ready

    def end(self, code: int) -> None:
        self.alive, self.exitcode = False, code

    def nothing(self) -> None:
        pass

    start = kill = join = nothing


@pytest.fixture
def supervised(monkeypatch: pytest.MonkeyPatch) -> Supervisor:
    """Two children, neither of them ready; the signals of the tests' process are left alone."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(supervising, "Process", Child)
    found = Supervisor(uvicorn.Config("nowhere:nothing", workers=2), [])
    found.processes = [Child(), Child()]
    return found


def test_who_has_ended_is_replaced_and_nobody_else(supervised: Any) -> None:
    first, second = supervised.processes
    second.end(-9)
    supervised.keep_subprocess_alive()
    assert supervised.processes[0] is first
    assert supervised.processes[1] is not second
    assert not supervised.should_exit.is_set()


def test_a_first_start_that_fails_ends_them_all(supervised: Any) -> None:
    supervised.processes[0].end(STARTUP_FAILURE)
    supervised.keep_subprocess_alive()
    assert supervised.should_exit.is_set()
    assert not supervised.served


def test_a_replacement_that_fails_ends_nobody_and_is_tried_again_after_a_pause(
    supervised: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for child in supervised.processes:
        child.ready = True
    supervised.keep_subprocess_alive()
    assert supervised.served
    first = supervised.processes[0]
    first.end(STARTUP_FAILURE)
    supervised.keep_subprocess_alive()
    second = supervised.processes[0]
    assert second is not first
    second.end(STARTUP_FAILURE)
    supervised.keep_subprocess_alive()
    assert supervised.processes[0] is second  # it rests

    later = supervising.time.monotonic() + supervising.PAUSE
    monkeypatch.setattr(supervising, "time", SimpleNamespace(monotonic=lambda: later))
    supervised.keep_subprocess_alive()
    assert supervised.processes[0] is not second
    assert not supervised.should_exit.is_set()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_end_is_heard_before_it_is_handled(number: int) -> None:
    signals = [int(signal.SIGHUP)]
    told = Told(signals)
    assert not told.is_set()
    signals.append(number)
    assert told.is_set()


class Above:
    """A supervisor as its processes see it, which is gone after so many looks."""

    pid = 1

    def __init__(self, looks: int) -> None:
        self._looks = looks

    def is_alive(self) -> bool:
        self._looks -= 1
        return self._looks >= 0

    def join(self, _timeout: float) -> None:
        pass


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How this process was ended, instead of its end."""
    deeds: list[str] = []

    def end(_code: int) -> None:
        deeds.append("exit")
        raise SystemExit

    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setattr(os, "kill", lambda _pid, number: deeds.append(signal.Signals(number).name))
    return deeds


def test_a_loop_that_gives_no_sign_of_life_ends_its_process(ended: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervising, "START", -1.0)
    with pytest.raises(SystemExit):
        supervising._watch(cast(Any, Above(looks=1)), Pulse())
    assert ended == ["exit"]


def test_a_process_whose_supervisor_is_gone_ends_in_order_and_if_not_at_once(
    ended: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervising, "HUNG", 0.0)
    with pytest.raises(SystemExit):
        supervising._watch(cast(Any, Above(looks=3)), Pulse())
    assert ended == ["SIGTERM", "exit"]


def test_each_process_of_several_is_watched_and_one_alone_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    config, looked = Serving(), threading.Event()
    guard(config)
    assert config.callback_notify is None
    monkeypatch.setattr(supervising, "parent_process", lambda: Above(looks=0))
    monkeypatch.setattr(supervising, "_watch", lambda *_: looked.set())
    guard(config)
    assert config.callback_notify is not None
    assert looked.wait(60)


def test_each_sign_of_life_is_good_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    at = [1000.0]
    monkeypatch.setattr(supervising, "time", SimpleNamespace(monotonic=lambda: at[0]))
    pulse = Pulse()
    at[0] += supervising.START
    assert not pulse.is_silent()
    asyncio.run(pulse.beat())
    at[0] += supervising.HUNG
    assert not pulse.is_silent()
    at[0] += 1
    assert pulse.is_silent()
