"""From delivery to effect, with the real tables and whatever handler the test attaches."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from structlog.testing import capture_logs

from integrations.errors import Ignored, Permanent, Retryable
from integrations.facts import RepositoryPushed
from tests.webhooks.arrivals import arrive
from webhooks.care.audit import at_command_line
from webhooks.care.choice import Choice
from webhooks.care.orders import replay
from webhooks.models import Contents, Delivery, OutboxEvent
from webhooks.outbox.publishing import publish
from webhooks.processing import drain as processing
from webhooks.processing import failures, handling
from webhooks.processing.fates import MAX_ATTEMPTS

pytestmark = pytest.mark.django_db(transaction=True)

PUSH = (
    b'{"repository": {"full_name": "patchbay/demo"}, "ref": "refs/heads/main", "after": "abc",'
    b' "pusher": {"name": "ada"}, "commits": [{}, {}]}'
)


def delivery(kind: str = "push", body: bytes = PUSH, identifier: str = "d-1") -> Delivery:
    return arrive(kind, body, external_id=identifier, request_id="r-12345678")


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any], None]]:
    """Puts another handler in place of the real one for pushes."""

    def put(function: Any) -> None:
        monkeypatch.setitem(handling._handlers, RepositoryPushed, function)

    return put


def fail_with(error: Exception) -> Callable[[Any], None]:
    def handle(_fact: Any) -> None:
        raise error

    return handle


def test_a_push_becomes_an_event_in_the_outbox() -> None:
    row = delivery()
    assert processing.drain() == 1
    row.refresh_from_db()
    event = OutboxEvent.objects.get()
    assert (row.state, event.name, event.data["commits"]) == ("handled", "repository.pushed", 2)
    assert event.request_id == row.request_id
    assert row.facts[0]["fact"] == "RepositoryPushed"


def test_an_ignored_and_an_unknown_kind_are_set_aside_with_the_reason() -> None:
    known, unknown = delivery("ping", b"{}"), delivery("no-such-kind", b"{}", "d-2")
    processing.drain()
    known.refresh_from_db()
    unknown.refresh_from_db()
    assert (known.state, known.error) == ("ignored", "a kind we set aside")
    assert (unknown.state, unknown.error) == ("ignored", "a kind we do not know")


def test_the_effect_and_the_end_of_the_delivery_commit_together(handler: Any) -> None:
    def handle(_fact: Any) -> Callable[[], None]:
        def effect() -> None:
            publish("order.paid", {}, about="order:1")
            raise RuntimeError("after the first write")

        return effect

    handler(handle)
    row = delivery()
    processing.drain()
    row.refresh_from_db()
    assert not OutboxEvent.objects.exists()
    assert row.state == "pending"
    assert row.handled_at is None
    assert "after the first write" in row.error


def test_a_vendor_that_is_away_postpones_and_a_hostile_wait_is_bounded(handler: Any) -> None:
    handler(fail_with(Retryable("away", retry_after=86_400 * 365)))
    row = delivery()
    processing.drain()
    row.refresh_from_db()
    assert row.state == "pending"
    assert timezone.now() < row.due_at <= timezone.now() + timedelta(hours=6)


def test_what_a_person_must_look_at_dies_with_its_traceback(handler: Any) -> None:
    handler(fail_with(Permanent("the vendor says no")))
    row = delivery()
    processing.drain()
    row.refresh_from_db()
    assert row.state == "dead"
    assert "the vendor says no" in row.error
    assert "Traceback" in row.error


def test_a_traceback_is_kept_without_secrets_and_as_text(handler: Any) -> None:
    handler(fail_with(RuntimeError("no \x00 for sk_live_abcdefgh12345678")))
    row = delivery()
    processing.drain()
    row.refresh_from_db()
    assert "Traceback" in row.error
    assert row.error.strip().endswith("RuntimeError: no   for sk_l…")


def test_what_is_not_ours_is_ignored(handler: Any) -> None:
    handler(fail_with(Ignored("not ours")))
    row = delivery()
    processing.drain()
    row.refresh_from_db()
    assert (row.state, row.error) == ("ignored", "not ours")


def test_a_bug_is_retried_and_after_twenty_tries_dead(handler: Any) -> None:
    handler(fail_with(ZeroDivisionError()))
    row = delivery()
    for _ in range(MAX_ATTEMPTS):
        Delivery.objects.update(due_at=timezone.now())
        processing.drain()
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("dead", MAX_ATTEMPTS)


def test_a_claimant_that_was_overtaken_changes_nothing(handler: Any) -> None:
    row = delivery()

    def overtaken(_fact: Any) -> Callable[[], object]:
        Delivery.objects.filter(pk=row.pk).update(attempts=7)  # another worker took it over meanwhile
        return lambda: publish("order.paid", {}, about="order:1")

    handler(overtaken)
    processing.drain()
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("pending", 7)
    assert not OutboxEvent.objects.exists()


def test_a_dead_delivery_processed_again_is_handled() -> None:
    row = delivery(body=b"{}")
    processing.drain()
    row.refresh_from_db()
    assert row.state == "dead"
    Contents.objects.update(body=PUSH)
    replay(Choice(picked=(row.pk,)), at_command_line(), "the body is whole now")
    processing.drain()
    row.refresh_from_db()
    assert row.state == "handled"


def test_a_delivery_whose_claimant_died_is_taken_up_after_its_lease(settings: Any) -> None:
    from integrations.claims import claim

    delivery()
    pending = Delivery.objects.filter(state="pending")
    assert len(claim(pending, 10)) == 1
    assert claim(pending, 10) == []
    Delivery.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    assert len(claim(pending, 10)) == 1


@pytest.mark.parametrize(
    ("error", "level", "state"),
    [
        (Permanent("the vendor says no"), "error", "dead"),
        (Retryable("the vendor is away"), "warning", "pending"),
        (Ignored("not ours"), "info", "ignored"),
    ],
)
def test_the_log_says_how_bad_it_is_and_why(handler: Any, error: Exception, level: str, state: str) -> None:
    handler(fail_with(error))
    delivery()
    with capture_logs() as lines:
        processing.drain()
    line = next(line for line in lines if line["event"] == "delivery")
    assert (line["log_level"], line["state"]) == (level, state)
    assert line["error"].endswith(str(error))


def test_a_bug_is_logged_with_its_traceback(handler: Any) -> None:
    handler(fail_with(ZeroDivisionError("in our own code")))
    row = delivery()
    with capture_logs() as lines:
        processing.drain()
    broke = next(line for line in lines if line["event"] == "delivery.broke")
    assert (broke["log_level"], broke["id"], broke["exc_info"]) == ("error", row.pk, True)


def test_a_handled_delivery_is_no_warning_and_has_no_error() -> None:
    delivery()
    with capture_logs() as lines:
        processing.drain()
    line = next(line for line in lines if line["event"] == "delivery")
    assert line["log_level"] == "info"
    assert "error" not in line


def test_each_failed_try_is_kept_beside_the_delivery(handler: Any) -> None:
    handler(fail_with(Retryable("the vendor is away")))
    row = delivery()
    for _ in range(2):
        processing.drain()
        Delivery.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    assert [(one.delivery_id, one.number, one.reason) for one in failures.of(row)] == [
        (row.pk, number, "integrations.errors.Retryable: the vendor is away") for number in (1, 2)
    ]
    handler(lambda _fact: None)
    processing.drain()
    assert len(failures.of(row)) == 2
    assert failures.trim(timezone.now() + timedelta(days=31)) == 2


def test_what_is_ignored_or_handled_is_no_failed_try(handler: Any) -> None:
    handler(fail_with(Ignored("not ours")))
    row = delivery()
    processing.drain()
    assert failures.of(row) == []


def test_a_turn_ends_in_time_and_calls_for_the_next(handler: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    woken: list[int] = []
    monkeypatch.setattr(processing, "clock", lambda: now[0])
    monkeypatch.setattr(processing, "wake_drain", lambda: woken.append(1))

    def slow(_fact: Any) -> None:
        now[0] += processing.TURN / 10

    handler(slow)
    for number in range(processing.FIRST + 1):
        delivery(identifier=f"d-{number}")
    assert processing.take_turn() == processing.FIRST
    assert woken == [1]
    assert processing.take_turn() == 1
    assert woken == [1]
