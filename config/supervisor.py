"""Several web processes as one: uvicorn's supervisor, and what it leaves open.

uvicorn replaces a process that died, and on SIGHUP all of them in turn, with nothing refused meanwhile
(https://uvicorn.dev/deployment/). Ours also ends at once when it is told to while it replaces them, does not end the
well because a replacement fails, and has processes that end when they hang or when it was killed itself.
"""

import os
import signal
import threading
import time
from multiprocessing import parent_process
from multiprocessing.process import BaseProcess
from socket import socket

import structlog
import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

log = structlog.get_logger("serving")

START = 60.0  # seconds a process has for starting
HUNG = 20.0  # seconds an event loop may give no sign of life; the same for ending
PAUSE = 5.0  # seconds until another start where one has failed


class Supervisor(Multiprocess):
    """Runs as many processes as the config has workers, on the given sockets."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket]) -> None:
        super().__init__(config, sockets)
        self.should_exit = Told(self.signal_queue)
        self.served = False  # whether they all were ready at once
        self._rests_until = 0.0

    def keep_subprocess_alive(self) -> None:
        """Replace those that have ended; where the first start fails, give up."""
        self.served = self.served or all(process.is_ready(HUNG) for process in self.processes)
        for place, process in enumerate(self.processes):
            if self.should_exit.is_set() or time.monotonic() < self._rests_until:
                return
            if not process.is_alive(HUNG):
                self._replace(place, process)

    def _replace(self, place: int, process: Process) -> None:
        process.kill()
        process.join()
        log.error("process.ended", pid=process.pid, code=process.exitcode)
        if process.exitcode == STARTUP_FAILURE and not self.served:
            self.should_exit.set()
            return
        if process.exitcode == STARTUP_FAILURE:
            self._rests_until = time.monotonic() + PAUSE
        self.processes[place] = Process(self.config, self.sockets)
        self.processes[place].start()


class Told(threading.Event):
    """Whether all shall end: said, or signalled and not heard yet, for uvicorn hears nothing while it replaces them."""

    def __init__(self, signals: list[int]) -> None:
        super().__init__()
        self._signals = signals

    def is_set(self) -> bool:
        return super().is_set() or not {signal.SIGTERM, signal.SIGINT}.isdisjoint(self._signals)


class Pulse:
    """The event loop's sign of life, which uvicorn gives each second while it serves."""

    def __init__(self) -> None:
        self._until = time.monotonic() + START

    async def beat(self) -> None:
        """For `uvicorn.Config.callback_notify`."""
        self._until = time.monotonic() + HUNG

    def is_silent(self) -> bool:
        return time.monotonic() > self._until


def guard(config: uvicorn.Config) -> None:
    """Have this process end when its event loop hangs, or when its supervisor is gone; without one, nothing."""
    if supervisor := parent_process():
        pulse = Pulse()
        config.callback_notify, config.timeout_notify = pulse.beat, 1
        threading.Thread(target=_watch, args=(supervisor, pulse), name="supervisor", daemon=True).start()


def _watch(supervisor: BaseProcess, pulse: Pulse) -> None:
    while supervisor.is_alive():
        supervisor.join(1)
        if pulse.is_silent():
            log.error("process.hangs", pid=os.getpid())
            os._exit(1)
    # One that outlives its supervisor would hold the port, and nobody would replace it.
    log.error("supervisor.gone", pid=supervisor.pid)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(HUNG)
    os._exit(1)
