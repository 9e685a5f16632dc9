"""Effects commit together while all goes well, and each by itself when anything does not."""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError, OperationalError, connection, transaction
from django.utils import timezone
from structlog.testing import capture_logs

from integrations.errors import Permanent, Retryable
from integrations.wake import after_commit
from tests.webhooks.arrivals import arrive
from tests.webhooks.processing.conftest import Acting, push, read
from webhooks import metrics
from webhooks.models import Delivery, FailedTry, OutboxEvent
from webhooks.processing import commitment
from webhooks.processing import drain as processing
from webhooks.processing.fates import write
from webhooks.processing.queue import claim

PUSH = b'{"repository": {"full_name": "a/b"}, "ref": "refs/heads/main", "pusher": {"name": "ada"}, "commits": []}'

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def ticking(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A clock that goes forward only when told."""
    now = [100.0]
    monkeypatch.setattr(processing, "clock", lambda: now[0])

    def forward(seconds: float) -> None:
        now[0] += seconds

    return forward


def done() -> list[str]:
    return sorted(data["head"] for data in OutboxEvent.objects.values_list("data", flat=True))


def work_off(limit: int = 50) -> None:
    processing.work_off(claim(limit))


def test_a_batch_is_one_transaction(acting: Acting, monkeypatch: pytest.MonkeyPatch) -> None:
    commits = []
    acting.inside = lambda _head: commits.append(id(connection.run_on_commit))
    rows = [push(f"{number}", f"r{number}") for number in range(15)]
    alone: list[Any] = []
    monkeypatch.setattr(commitment, "_alone", lambda work: alone.append(work) or True)
    work_off()
    assert read(*rows) == ["handled"] * 15
    assert (len(done()), len(commits), alone) == (15, 15, [])


def test_a_batch_needs_as_many_statements_as_a_single_delivery(django_assert_max_num_queries: Any) -> None:
    """Apart from the effects' own: these deliveries have none."""
    for number in range(50):
        push(f"{number}", kind="fork")
    with django_assert_max_num_queries(12):
        work_off()
    assert not Delivery.objects.filter(state="pending").exists()


@pytest.mark.parametrize(
    ("error", "state"), [(Permanent("no"), "dead"), (Retryable("away"), "pending"), (ZeroDivisionError(), "pending")]
)
def test_an_effect_that_fails_takes_no_other_along(acting: Acting, error: Exception, state: str) -> None:
    acting.in_effect["3"] = error
    rows = [push(f"{number}") for number in range(6)]
    work_off()
    assert read(*rows) == ["handled"] * 3 + [state] + ["handled"] * 2
    assert done() == ["0", "1", "2", "4", "5"]
    assert type(error).__name__ in rows[3].error


def test_one_that_was_overtaken_takes_no_other_along(acting: Acting) -> None:
    rows = [push(f"{number}") for number in range(6)]

    def overtake(head: str) -> None:
        if head == "3":
            Delivery.objects.filter(pk=rows[3].pk).update(attempts=7)

    acting.before = overtake
    with capture_logs() as lines:
        work_off()
    assert read(*rows) == ["handled"] * 3 + ["pending"] + ["handled"] * 2
    assert done() == ["0", "1", "2", "4", "5"]
    assert [line["id"] for line in lines if line["event"] == "delivery.overtaken"] == [rows[3].pk]
    assert len([line for line in lines if line["event"] == "delivery"]) == 5


@pytest.fixture
def unanswered(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Has the next commit happen, and nobody hear of it."""
    commit, armed = connection.commit, [False]

    def cut() -> None:
        commit()
        if armed.pop():
            raise OperationalError("the connection was cut")
        armed.append(False)

    def arm(*_given: object) -> None:
        armed[:] = [False, True]

    monkeypatch.setattr(connection, "commit", cut)
    return arm


@pytest.mark.parametrize("many", [1, 3])
def test_a_commit_that_nobody_answered_is_no_failure(acting: Acting, unanswered: Any, many: int) -> None:
    rows = [push(f"{number}", f"r{number}") for number in range(many)]
    behind = push("9", "r0")
    Delivery.objects.filter(pk=behind.pk).update(due_at=timezone.now() + timedelta(hours=3))
    acting.inside = unanswered
    with capture_logs() as lines:
        work_off()
    assert read(*rows) == ["handled"] * many
    assert done() == [f"{number}" for number in range(many)]
    told = [line["event"] for line in lines if line["event"].startswith("delivery")]
    assert told == ["delivery"] * many
    assert not FailedTry.objects.exists()
    assert read(behind) == ["pending"]
    assert behind.due_at == behind.received_at


@pytest.mark.parametrize("many", [1, 3])
def test_a_failure_whose_commit_nobody_answered_is_kept_as_it_was(acting: Acting, unanswered: Any, many: int) -> None:
    rows = [push(f"{number}") for number in range(many)]
    acting.failing = {f"{number}": Retryable("away", retry_after=3600) for number in range(many)}
    acting.before = unanswered
    work_off()
    assert read(*rows) == ["pending"] * many
    assert all("away" in row.error and "cut" not in row.error for row in rows)
    assert all(row.due_at > timezone.now() + timedelta(minutes=59) for row in rows)
    assert [(one.number, "away" in one.error) for one in FailedTry.objects.all()] == [(1, True)] * many


def test_failures_of_all_kinds_and_successes_end_as_they_would_alone(acting: Acting) -> None:
    acting.failing = {"1": Permanent("no"), "2": Retryable("away"), "4": ZeroDivisionError()}
    rows = [push(f"{number}") for number in range(5)] + [push("5", kind="fork")]
    work_off()
    assert read(*rows) == ["handled", "dead", "pending", "handled", "pending", "ignored"]
    assert done() == ["0", "3"]


def test_each_effect_and_each_line_is_under_the_request_of_its_own_delivery(acting: Acting) -> None:
    for number in range(4):
        push(f"{number}")
    with capture_logs(processors=[]) as lines:
        work_off()
    found = {event.data["head"]: event.request_id for event in OutboxEvent.objects.all()}
    assert found == {f"{number}": f"r-{number:>08}" for number in range(4)}
    assert len([line for line in lines if line["event"] == "delivery"]) == 4


def test_slow_handlers_delay_nobodys_commit(acting: Acting, ticking: Callable[[float], None]) -> None:
    """What was ready is committed before the next vendor is asked."""
    committed: list[tuple[str, int]] = []

    def slow(head: str) -> None:
        committed.append((head, OutboxEvent.objects.count()))
        ticking(0.1 if head in "23" else 0)

    acting.before = slow
    for number in range(6):
        push(f"{number}")
    work_off()
    assert committed == [("0", 0), ("1", 0), ("2", 0), ("3", 3), ("4", 4), ("5", 4)]


def test_batches_are_as_large_as_the_pace_allows() -> None:
    assert processing._fitting(20, 2.0) == 2
    assert processing._fitting(20, 0.02) == processing.MOST
    assert processing._fitting(1, 30.0) == 1


def test_a_delivery_whose_contents_are_no_longer_kept_is_for_a_person(
    acting: Acting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processing, "contents_of", lambda _batch: {})
    row = push("1")
    work_off()
    assert read(row) == ["dead"]
    assert "no longer kept" in row.reason


def test_an_unknown_kind_is_counted_and_one_set_aside_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[str] = []
    monkeypatch.setattr(metrics.unknown, "count", counted.append)
    push("1", kind="no-such-kind")
    push("2", kind="ping")
    work_off()
    assert counted == ["github"]


def test_a_word_with_a_nul_in_a_traceback_is_kept_without_it(acting: Acting) -> None:
    acting.failing["1"] = Permanent("no\x00thing")
    row = push("1")
    work_off()
    assert read(row) == ["dead"]
    assert "no thing" in row.error


@pytest.mark.parametrize("head", ["a\x00b", "a\ud800b"], ids=["NUL", "half a pair"])
def test_words_that_no_database_keeps_are_kept_without_them(acting: Acting, head: str) -> None:
    body = json.dumps({**json.loads(PUSH), "after": head}).encode()
    row, other = arrive("push", body), push("2")
    work_off()
    assert read(row, other) == ["handled", "handled"]
    assert done() == ["2", "a\ufffdb"]


def test_facts_that_the_database_does_not_take_are_let_go(acting: Acting, monkeypatch: pytest.MonkeyPatch) -> None:
    row, other = push("1"), push("2")
    refused = write

    def choosy(deliveries: Sequence[Delivery]) -> int:
        if any(fact["head"] == "1" for delivery in deliveries for fact in delivery.facts):
            raise DataError("no such text")
        return refused(deliveries)

    monkeypatch.setattr(commitment, "write", choosy)
    work_off()
    assert read(row, other) == ["pending", "handled"]
    assert "no such text" in row.error


def test_a_batch_wakes_the_relay_once(acting: Acting, monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[int] = []
    monkeypatch.setattr("webhooks.outbox.publishing.wake_relay", lambda: woken.append(1))
    for number in range(5):
        push(f"{number}")
    work_off()
    assert woken == [1]


def test_a_savepoint_that_failed_takes_its_wake_up_along_and_no_other() -> None:
    woken: list[int] = []

    def waker() -> None:
        woken.append(1)

    @transaction.atomic
    def fail() -> None:
        after_commit(waker)
        raise ZeroDivisionError

    with transaction.atomic():
        with pytest.raises(ZeroDivisionError):
            fail()
        after_commit(waker)
        with transaction.atomic():
            after_commit(waker)
    assert woken == [1]
    with transaction.atomic(), pytest.raises(ZeroDivisionError):
        fail()
    assert woken == [1]
