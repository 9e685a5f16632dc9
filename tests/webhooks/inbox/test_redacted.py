"""What is redacted holds up nothing else, and is stored redacted or not at all."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest
from django.db import connection
from structlog.testing import capture_logs

from tests.clocks import eventually
from tests.webhooks.inbox.test_redacting import until
from tests.webhooks.inbox.test_rules import row
from tests.webhooks.test_ingest import BODY, post
from webhooks.care.redaction import redacted
from webhooks.inbox import redacting, rules, writer
from webhooks.inbox.contents import content_of
from webhooks.inbox.waiting import Full
from webhooks.inbox.writer import Inbox
from webhooks.models import Delivery, SourceRule

pytestmark = pytest.mark.django_db(transaction=True)

T = TypeVar("T")
HIDDEN = BODY.replace(b'"Keep it logically awesome."', b'"[redacted]"')


class Gate:
    """Stands before every redaction, until it is opened; knows which threads came to it."""

    def __init__(self) -> None:
        self.opened, self.came = threading.Event(), list[str]()

    def redacted(self, *given: Any) -> bytes:
        self.came.append(threading.current_thread().name)
        assert self.opened.wait(30)
        return redacted(*given)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate = Gate()
    monkeypatch.setattr(rules, "redacted", gate.redacted)
    yield gate
    gate.opened.set()


@pytest.fixture
def running(gate: Gate) -> Iterator[Inbox]:
    """A running inbox that knows that `zen` of two sources is redacted."""
    for slug in ("github", "shop"):
        SourceRule.objects.create(slug=slug, redactions=["zen"])
    inbox = Inbox()
    inbox.start()
    eventually(lambda: inbox._rules is not None, "the rules are known")
    yield inbox
    gate.opened.set()
    inbox.stop()


def storing(inbox: Inbox, source: str, number: int = 1, body: bytes = BODY) -> "asyncio.Task[None]":
    given = row(source, body)
    return asyncio.create_task(inbox.store([(source, f"d-{number}", *given[2:])]))


async def apart(ask: Callable[[], T]) -> T:
    """What is asked of the database beside the event loop, on a connection that nobody keeps."""

    def asked() -> T:
        try:
            return ask()
        finally:
            connection.close()

    return await asyncio.to_thread(asked)


def stored() -> dict[str, bytes]:
    contents = {f"{row.source} {row.external_id}": content_of(row) for row in Delivery.objects.all()}
    return {name: content.body for name, content in contents.items() if content}


def test_a_body_that_is_being_redacted_holds_up_no_other_source(running: Inbox, gate: Gate) -> None:
    async def meanwhile() -> dict[str, bytes]:
        late = storing(running, "github")
        await until(lambda: bool(gate.came), "its redaction has begun")
        await asyncio.wait_for(storing(running, "stripe"), 60)
        before = await apart(stored)
        gate.opened.set()
        await asyncio.wait_for(late, 60)
        return before

    assert asyncio.run(meanwhile()) == {"stripe d-1": BODY}
    assert stored() == {"stripe d-1": BODY, "github d-1": HIDDEN}


@pytest.mark.parametrize("length", [0, 1 << 19])
def test_a_body_whose_redaction_breaks_is_told_and_asked_for_again(
    running: Inbox, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    def broken(*_given: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(rules, "redacted", broken)
    with capture_logs() as lines:
        answer = post(running, BODY + b" " * length)
    assert (answer.status, answer.problem["code"]) == (503, "not_stored")
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["inbox.not_stored"]
    assert not Delivery.objects.exists()


def test_where_one_source_has_too_much_to_redact_it_alone_is_asked_to_come_again(
    running: Inbox, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redacting, "MOST_WAITING_BYTES", 20_000)

    async def flood() -> tuple[list[object], dict[str, bytes]]:
        ours = [storing(running, "github", number) for number in range(10)]
        await asyncio.sleep(0)
        theirs = storing(running, "shop")
        await asyncio.wait_for(storing(running, "stripe"), 60)
        refused = await asyncio.gather(*(task for task in ours if task.done()), return_exceptions=True)
        before = await apart(stored)
        gate.opened.set()
        await asyncio.wait_for(asyncio.gather(theirs, *(task for task in ours if not task.done())), 60)
        return refused, before

    refused, before = asyncio.run(flood())
    assert [type(error) for error in refused] == [Full] * 8
    assert before == {"stripe d-1": BODY}
    assert stored() == {"github d-0": HIDDEN, "github d-1": HIDDEN, "shop d-1": HIDDEN, "stripe d-1": BODY}
    assert not running._redacting._held


def test_where_the_inbox_is_full_what_is_redacted_is_stored_nevertheless(
    running: Inbox, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MOST_WAITING_BYTES", 0)
    gate.opened.set()

    async def both() -> list[object]:
        return await asyncio.gather(storing(running, "stripe"), storing(running, "github"), return_exceptions=True)

    refused, kept = asyncio.run(both())
    assert (type(refused), kept) == (Full, None)
    assert stored() == {"github d-1": HIDDEN}


def test_what_waited_is_redacted_by_the_rules_of_then(
    running: Inbox, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def waits() -> None:
        first = storing(running, "github", 1)
        await until(lambda: bool(gate.came), "its redaction has begun")
        second = storing(running, "github", 2)
        await asyncio.sleep(0)
        running._rules = await apart(decide)
        gate.opened.set()
        await asyncio.wait_for(asyncio.gather(first, second), 60)

    def decide() -> rules.Rules:
        SourceRule.objects.filter(slug="github").update(redactions=["repository"])
        return rules.current()

    asyncio.run(waits())
    assert stored() == {
        "github d-1": HIDDEN,
        "github d-2": BODY.replace(b'{"full_name": "patchbay/demo"}', b'"[redacted]"'),
    }


def test_what_came_before_the_rule_was_known_is_not_redacted_by_the_writer(gate: Gate) -> None:
    SourceRule.objects.create(slug="github", redactions=["zen"])
    gate.opened.set()
    inbox = Inbox()

    async def early() -> None:
        tasks = [storing(inbox, "github"), storing(inbox, "stripe")]
        await asyncio.sleep(0)
        inbox.start()
        await asyncio.wait_for(asyncio.gather(*tasks), 60)

    try:
        asyncio.run(early())
    finally:
        inbox.stop()
    assert stored() == {"github d-1": HIDDEN, "stripe d-1": BODY}
    assert [name.partition("_")[0] for name in gate.came] == ["redacting"]


def test_what_is_not_redacted_when_the_inbox_stops_is_refused_as_is_whatever_comes_later(
    running: Inbox, gate: Gate
) -> None:
    async def stop() -> list[object]:
        running_one = storing(running, "github", 1)
        await until(lambda: bool(gate.came), "its redaction has begun")
        tasks = [running_one, storing(running, "github", 2)]
        await asyncio.sleep(0)
        stopping = asyncio.create_task(asyncio.to_thread(running.stop))
        await until(lambda: running._redacting._stopped, "it stops")
        gate.opened.set()
        await stopping
        tasks += [storing(running, source, 3) for source in ("github", "stripe")]
        return await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 60)

    assert [type(error) for error in asyncio.run(stop())] == [Full] * 4
    assert not Delivery.objects.exists()
    assert len(gate.came) == 1


def test_what_the_server_gave_up_is_not_redacted_any_more(running: Inbox, gate: Gate) -> None:
    async def give_up() -> None:
        first, second = storing(running, "github", 1), storing(running, "github", 2)
        await until(lambda: bool(gate.came), "the first redaction has begun")
        second.cancel()
        await asyncio.wait([second])
        gate.opened.set()
        await asyncio.wait_for(first, 60)
        await asyncio.wait_for(storing(running, "github", 3), 60)

    asyncio.run(give_up())
    assert stored() == {"github d-1": HIDDEN, "github d-3": HIDDEN}
    assert len(gate.came) == 2
