"""The broker in memory: its consumer goes on at a sign, and not because it happened to look."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from queue import SimpleQueue
from typing import Any

import pytest
from kombu import Connection, Consumer, Exchange, Producer, Queue

from config import memory

NEVER = 30.0  # seconds: longer than any of these may take


@pytest.fixture(autouse=True)
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A consumer that is not woken sleeps on."""
    monkeypatch.setattr(memory, "LONGEST_SLEEP", NEVER)


@pytest.fixture
def broker() -> Iterator[Connection]:
    with Connection("memory://", transport="config.memory:Transport") as broker:
        yield broker


class Listener:
    """A consumer in a thread of its own, that keeps `most` messages unanswered and passes them on."""

    def __init__(self, broker: Connection, queue: Queue, most: int) -> None:
        self.heard: SimpleQueue[Any] = SimpleQueue()
        self._asked: SimpleQueue[str] = SimpleQueue()
        self._broker, self._ended = broker, False
        self._ask = partial(Producer(broker.channel()).publish, routing_key=f"{queue.name}.asked")
        self._consumers = [
            Consumer(broker.channel(), [queue], on_message=self.heard.put, prefetch_count=most),
            Consumer(broker.channel(), [Queue(f"{queue.name}.asked")], on_message=self._answer, no_ack=True),
        ]
        for consumer in self._consumers:
            consumer.consume()
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def hear(self) -> Any:
        return self.heard.get(timeout=NEVER / 2)

    def look(self) -> None:
        """Return once it has looked what else it may take: the queues have turns, and it answers two questions."""
        for _ in range(2):
            self._ask("look")
            assert self._asked.get(timeout=NEVER / 2) == "look"

    def end(self) -> None:
        self._ask("end")
        self.thread.join(NEVER / 2)
        assert not self.thread.is_alive()

    def _listen(self) -> None:
        while not self._ended:
            self._broker.drain_events(timeout=NEVER)

    def _answer(self, question: Any) -> None:
        self._ended = question.payload == "end"
        self._asked.put(question.payload)


@contextmanager
def listening(
    broker: Connection, queue: str, most: int = 0, exchange: Exchange | None = None
) -> Iterator[tuple[Listener, Callable[[Any], None]]]:
    """A listener, and how something is said to it."""
    listener = Listener(broker, Queue(queue, exchange), most)
    producer = Producer(broker.channel())
    try:
        yield listener, partial(producer.publish, routing_key=queue, exchange=exchange or "")
    finally:
        listener.end()


def test_a_message_wakes_whoever_sleeps(broker: Connection) -> None:
    with listening(broker, "woken") as (listener, say):
        for number in range(20):
            say(number)
            assert listener.hear().payload == number


def test_an_answer_makes_room_for_the_next_at_once(broker: Connection) -> None:
    with listening(broker, "crowded", most=1) as (listener, say):
        for number in range(3):
            say(number)
        first = listener.hear()
        listener.look()
        assert listener.heard.empty()  # one at a time
        first.ack()
        second = listener.hear()
        listener.look()
        assert listener.heard.empty()
        second.reject()
        assert [message.payload for message in (first, second, listener.hear())] == [0, 1, 2]


def test_what_is_said_to_everybody_wakes_them_too(broker: Connection) -> None:
    to_all = Exchange("to-all", type="fanout")
    with listening(broker, "public", exchange=to_all) as (listener, say):
        time.sleep(0.05)  # it sleeps
        say("hear")
        assert listener.hear().payload == "hear"


def test_nothing_for_so_long_is_an_error(broker: Connection) -> None:
    with broker.Consumer([Queue("silent")], on_message=print):
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            broker.drain_events(timeout=0.05)
        assert time.monotonic() - started >= 0.05
