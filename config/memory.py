"""The broker of the embedded default: kombu's in memory, whose consumer is woken where kombu's looks every so often.

https://docs.celeryq.dev/projects/kombu/en/stable/reference/kombu.transport.memory.html
"""

import math
import threading
import time
from queue import Empty
from typing import Any

from kombu.transport import memory

LONGEST_SLEEP = 0.5  # seconds: nothing should happen without a sign, and if it does, it is seen by then

# Of the process, as the queues are: a message was put into one, or an answer made room for the next.
_sign = threading.Event()


class Channel(memory.Channel):
    """Gives a sign with whatever lets its consumer go on."""

    def _put(self, queue: str, message: Any, **kwargs: Any) -> None:
        super()._put(queue, message, **kwargs)
        _sign.set()

    def _put_fanout(self, exchange: str, message: Any, routing_key: str | None = None, **kwargs: Any) -> None:
        super()._put_fanout(exchange, message, routing_key, **kwargs)
        _sign.set()

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        super().basic_ack(delivery_tag, multiple)
        _sign.set()

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:
        super().basic_reject(delivery_tag, requeue)
        _sign.set()


class Transport(memory.Transport):
    """`broker_transport` takes it. One thread of a process may consume."""

    Channel = Channel

    # kombu's two bases do not agree on the arguments, and neither is used by name.
    def drain_events(self, _connection: Any, timeout: float | None = None) -> None:  # type: ignore[override]
        """Deliver the next message; `TimeoutError` when none has come for `timeout` seconds."""
        until = math.inf if timeout is None else time.monotonic() + timeout
        while not self._delivered(timeout):
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            _sign.wait(min(left, LONGEST_SLEEP))

    def _delivered(self, timeout: float | None) -> bool:
        assert self.cycle
        _sign.clear()  # before the look: what comes after it is seen by the next
        try:
            self.cycle.get(self._deliver, timeout=timeout)
        except Empty:
            return False
        return True
