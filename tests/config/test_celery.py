"""A deadline travels with a task, on the embedded broker and on a real one; a wake-up is nobody's hurry."""

import uuid
from collections.abc import Iterator
from queue import Queue
from threading import Thread
from typing import Any

import pytest
from celery import Celery
from celery.worker import WorkController, state

import config.celery
from integrations.errors import DeadlineExceeded, IntegrationError
from integrations.http import deadline
from integrations.http.transport import exchange
from integrations.wake import wake
from tests.integrations.vendor import Vendor, serving
from tests.services import BROKER, missing_broker, need

BROKERS = [pytest.param("memory://", id="embedded"), pytest.param(BROKER, id="grown", marks=pytest.mark.services)]


class Work:
    """A worker's app with two tasks; what they have to say comes out of `hear`."""

    def __init__(self, broker: str, queue: str) -> None:
        self.app = Celery("deadlines", broker=broker, set_as_current=False)
        self._said: Queue[Any] = Queue()
        self.app.conf.update(
            task_default_queue=queue,
            broker_transport="config.memory:Transport" if broker == "memory://" else None,
            worker_enable_remote_control=False,
            worker_hijack_root_logger=False,
        )

        @self.app.task(name="look", shared=False)
        def look() -> None:
            """Say how much time there is."""
            self._said.put(deadline.remaining())

        @self.app.task(name="ask", shared=False)
        def ask(url: str) -> None:
            """Ask a vendor, and say what came of it."""
            try:
                self._said.put(exchange("late", "GET", url).status)
            except IntegrationError as error:
                self._said.put(type(error))

        self.look, self.ask = look, ask

    def hear(self) -> Any:
        return self._said.get(timeout=60)


@pytest.fixture(scope="module", params=BROKERS)
def work(request: pytest.FixtureRequest) -> Iterator[Work]:
    """With a worker of one thread, so that one task could inherit from another."""
    if request.param != "memory://":
        need("the broker", missing_broker())
    work = Work(request.param, f"test-{uuid.uuid4().hex[:12]}")
    work.app.set_default()  # where the worker's threads look for their tasks
    quiet = {"without_gossip": True, "without_mingle": True, "without_heartbeat": True}
    worker = WorkController(app=work.app, pool="threads", concurrency=1, hostname="deadlines@test", **quiet)
    thread = Thread(target=worker.start, daemon=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(config.celery, "SWEEPS", ())
        thread.start()
        yield work
        # Its own thread stops the worker, at the next message: two threads must not share one AMQP connection.
        state.should_stop = 0
        work.look.delay()
        thread.join(60)
    state.should_stop = None
    config.celery.app.set_default()
    with work.app.connection_for_write() as broker:
        broker.default_channel.queue_delete(work.app.conf.task_default_queue)
    assert not thread.is_alive()


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with serving() as vendor:
        yield vendor.answers({})


def test_a_task_has_the_time_that_was_left_to_whoever_asked(work: Work) -> None:
    with deadline.within(90.0):
        work.look.delay()
    assert 60.0 < work.hear() < 90.0


def test_the_next_task_of_the_same_worker_inherits_nothing(work: Work) -> None:
    with deadline.within(90.0):
        work.look.delay()
    work.look.delay()
    assert work.hear() is not None
    assert work.hear() is None


def test_a_wake_up_is_not_in_the_hurry_of_whoever_woke(work: Work) -> None:
    with deadline.within(90.0):
        wake(work.look)
        assert deadline.remaining() is not None
    assert work.hear() is None


def test_a_task_that_comes_late_asks_no_vendor(work: Work, vendor: Vendor) -> None:
    with deadline.within(0.0):
        work.ask.delay(vendor.url)
    assert work.hear() is DeadlineExceeded
    assert vendor.asked == []
    work.ask.delay(vendor.url)
    assert work.hear() == 200
