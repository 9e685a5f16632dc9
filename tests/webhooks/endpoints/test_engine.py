"""The engine in its thread: many at once, none waiting for another, nothing lost when it ends or rows are away."""

import threading
import time
import uuid
from contextlib import suppress
from typing import Any

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError
from django.utils import timezone
from structlog.testing import capture_logs

from tests.webhooks.endpoints.receiver import Answer, Receiver, listening
from tests.webhooks.endpoints.running import delivered, queue, sending, wait_until
from webhooks.endpoints import engine as engines
from webhooks.endpoints import services
from webhooks.endpoints.engine import Engine
from webhooks.endpoints.sender import Sender
from webhooks.models import Attempt, Endpoint, Message, OutboxEvent

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set once an engine has looked for what is due."""
    looked, real = threading.Event(), engines.take

    def take(*args: Any) -> Any:
        found = real(*args)
        looked.set()
        return found

    monkeypatch.setattr(engines, "take", take)
    return looked


def test_what_is_due_is_sent_as_soon_as_it_is_nudged(
    endpoint: Endpoint, receiver: Receiver, settings: Any, looked: threading.Event
) -> None:
    settings.SWEEP_SECONDS = 600
    with sending() as engine:
        assert looked.wait(60)
        queue(endpoint, 30)
        engine.nudge()
        wait_until(lambda: delivered() == 30)
    assert receiver.most_at_once <= 4
    assert len({one.headers["webhook-id"] for one in receiver.received}) == len(receiver.received) == 30


def test_without_a_nudge_it_looks_by_itself(
    endpoint: Endpoint, receiver: Receiver, settings: Any, looked: threading.Event
) -> None:
    settings.SWEEP_SECONDS = 0.1
    with sending():
        assert looked.wait(60)
        queue(endpoint, 1)
        wait_until(lambda: delivered() == 1)


def test_an_ordered_endpoint_never_has_two_at_once(customer: Any, receiver: Receiver) -> None:
    endpoint = services.create(customer, url=receiver.url, ordered=True)
    receiver.usual = Answer(before=lambda: time.sleep(0.005))
    queue(endpoint, 25)
    with sending():
        wait_until(lambda: delivered() == 25)
    assert receiver.most_at_once == 1
    sent = [one.headers["webhook-id"] for one in receiver.received]
    assert sent == [str(uid) for uid in endpoint.messages.order_by("pk").values_list("uid", flat=True)]


def test_one_that_hangs_holds_up_no_other(customer: Any, settings: Any) -> None:
    """Were slots taken first come, first served, the forty messages of the one that hangs would take all twenty."""
    settings.ENDPOINT_SLOTS, settings.ENDPOINT_SECONDS = 20, 300.0
    stop = threading.Event()
    with listening(Answer(before=lambda: stop.wait(120))) as hanging, listening() as well:
        queue(services.create(customer, url=hanging.url), 40)
        for place in range(5):
            queue(services.create(customer, url=f"{well.url}/{place}"), 4)
        with sending():
            wait_until(lambda: delivered() == 20 and hanging.at_once >= 4)
            stop.set()
            wait_until(lambda: delivered() == 60)
    assert hanging.most_at_once == 4


def test_a_customer_all_of_whose_endpoints_hang_holds_up_no_other_customer(
    customer: Any, settings: Any, django_user_model: Any
) -> None:
    """Twelve endpoints, four messages each, would take all forty slots: their owner may have half of them."""
    settings.ENDPOINT_SLOTS, settings.ENDPOINT_SECONDS = 40, 300.0
    other = django_user_model.objects.create_user("other@example.com")
    stop = threading.Event()
    with listening(Answer(before=lambda: stop.wait(120))) as hanging, listening() as well:
        for place in range(12):
            queue(services.create(customer, url=f"{hanging.url}/{place}"), 4)
        with sending() as engine:
            wait_until(lambda: hanging.at_once == 20)
            queue(services.create(other, url=well.url), 20)
            engine.nudge()
            wait_until(lambda: delivered() == 20)
            assert hanging.most_at_once == 20
            stop.set()


def test_rows_that_are_away_for_a_while_cost_time_and_no_message(
    endpoint: Endpoint, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "AGAIN", 0.05)
    failures = iter([OperationalError("gone"), OperationalError("still gone")])
    real = engines.record

    def record(*args: Any) -> None:
        if error := next(failures, None):
            raise error
        real(*args)

    monkeypatch.setattr(engines, "record", record)
    queue(endpoint, 3)
    with sending():
        wait_until(lambda: delivered() == 3)
    assert len(receiver.received) == Attempt.objects.count() == 3


def test_an_outcome_that_cannot_be_written_holds_up_no_other(
    endpoint: Endpoint, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = "x" * 300  # longer than the column: PostgreSQL refuses it, here a stand-in does
    real = engines.record

    def record(outcomes: Any, now: Any) -> None:
        if any(outcome.body == bad for outcome in outcomes):
            raise DatabaseError("value too long")
        real(outcomes, now)

    monkeypatch.setattr(engines, "record", record)
    receiver.answers.append(Answer(body=bad.encode()))
    queue(endpoint, 4)
    with sending():
        wait_until(lambda: delivered() == 3)
    assert Message.objects.exclude(state="delivered").count() == 1


def test_ending_lets_what_is_under_way_end(
    endpoint: Endpoint, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "GRACE", 60.0)
    receiver.usual = Answer(before=lambda: time.sleep(0.2))
    queue(endpoint, 1)
    with sending():
        wait_until(lambda: receiver.received)
    assert delivered() == 1


def test_what_does_not_end_in_time_is_handed_back_and_is_the_next_ones_at_once(
    endpoint: Endpoint, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "GRACE", 0.05)
    go = threading.Event()
    receiver.answers.append(Answer(before=lambda: go.wait(60)))
    queue(endpoint, 1)
    with sending():
        wait_until(lambda: receiver.received)
    handed_back = Message.objects.get()
    assert (handed_back.state, handed_back.due_at <= timezone.now()) == ("waiting", True)
    with sending():
        wait_until(lambda: delivered() == 1)
    go.set()
    assert [attempt.number for attempt in Attempt.objects.all()] == [2]


@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("the connection is closed")])
def test_rows_that_are_away_at_its_end_let_it_end_nevertheless(
    endpoint: Endpoint, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def gone(*_given: Any) -> None:
        raise error

    def run() -> None:
        with suppress(type(error)):
            engine.run()
            ended.set()

    monkeypatch.setattr(engines, "give_back", gone)
    engine, ended = Engine(), threading.Event()
    engine.stop()
    thread = threading.Thread(target=run)
    with capture_logs() as lines:
        thread.start()
        thread.join(20)
    assert ended.is_set()
    assert "sender.unrecorded" in [line["event"] for line in lines]


def test_an_endpoint_deleted_meanwhile_is_nobodys_trouble(endpoint: Endpoint, receiver: Receiver) -> None:
    go = threading.Event()
    receiver.answers.append(Answer(before=lambda: go.wait(60)))
    queue(endpoint, 1)
    with sending() as engine:
        wait_until(lambda: receiver.received)
        services.remove(endpoint)
        other = services.create(endpoint.owner, url=receiver.url)
        go.set()
        queue(other, 2)
        engine.nudge()
        wait_until(lambda: delivered() == 2)
    assert Attempt.objects.count() == 2


def test_the_processes_sender_begins_when_it_is_nudged_and_again_after_its_end(
    endpoint: Endpoint, receiver: Receiver
) -> None:
    sender = Sender()
    for count in (1, 2):
        queue(endpoint, 1)
        sender.nudge()
        wait_until(lambda: delivered() == count)  # noqa: B023  it is asked before the next round
        sender.stop()
    sender.stop()


@pytest.mark.parametrize("error", [LookupError("odd"), RuntimeError("odder"), RecursionError("oddest")])
def test_a_try_that_fails_as_nobody_foresaw_is_a_failure_and_takes_up_no_room(
    endpoint: Endpoint, receiver: Receiver, error: Exception
) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        raise error

    queue(endpoint, 1)
    with sending(resolve) as engine:
        wait_until(lambda: Attempt.objects.exists() and not engine._under_way)
    assert Attempt.objects.get().code == "failed"


@pytest.mark.parametrize("error", [UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogate"), RuntimeError("odd")])
def test_an_outcome_that_breaks_its_recording_holds_up_no_other(
    endpoint: Endpoint, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    real = engines.record

    def record(outcomes: Any, now: Any) -> None:
        if any(outcome.body == "bad" for outcome in outcomes):
            raise error
        real(outcomes, now)

    monkeypatch.setattr(engines, "AGAIN", 0.05)
    monkeypatch.setattr(engines, "record", record)
    receiver.answers.append(Answer(body=b"bad"))
    queue(endpoint, 4)
    with sending():
        wait_until(lambda: delivered() == 3)


@pytest.mark.parametrize("ordered", [False, True])
def test_a_message_that_cannot_be_packed_has_failed_with_its_reason_and_the_others_go_on(
    endpoint: Endpoint, ordered: bool, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = engines.pack

    def pack(message: Message, now: Any) -> Any:
        if message.event and message.event.data == {"n": 1}:
            raise ValueError("odd")
        return real(message, now)

    monkeypatch.setattr(engines, "pack", pack)
    Endpoint.objects.update(ordered=ordered)
    events = [OutboxEvent(uid=uuid.uuid4(), name="order.paid", data={"n": n}) for n in range(4)]
    OutboxEvent.objects.bulk_create(events)
    Message.objects.bulk_create(Message(endpoint=endpoint, event=one, uid=one.uid, name=one.name) for one in events)
    with sending():
        wait_until(lambda: delivered() == 3)
        wait_until(lambda: Message.objects.filter(state="failed"))
    failed = Message.objects.get(state="failed")
    assert failed.event == events[1]
    assert "We could not put it into a request (ValueError)" in failed.error
    assert failed.log.get().code == "unpacked"
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.failing_since) == (0, None)
