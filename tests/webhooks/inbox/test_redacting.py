"""The threads that redact, without an inbox: for whom they have room, in which order, and how they stop."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from tests.clocks import eventually
from tests.webhooks.inbox.test_rules import row
from tests.webhooks.test_ingest import BODY
from webhooks.inbox import redacting
from webhooks.inbox.redacting import Redacting
from webhooks.inbox.waiting import Entry, Full, entry_of


async def until(probe: Callable[[], bool], what: str) -> None:
    await asyncio.to_thread(eventually, probe, what)


def test_no_source_may_hold_more_than_it_leaves_and_whoever_has_nothing_waiting_has_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(redacting, "_BESIDES", 0)
    monkeypatch.setattr(redacting, "MOST_WAITING_BYTES", 12 * len(BODY + b"{}"))
    idle = Redacting(lambda entry: entry, lambda _: None)

    async def admitted(source: str, most: int) -> int:
        for number in range(most):
            try:
                held.enter_context(idle.room(entry_of([row(source)])))
            except Full:
                return number
        return most

    with ExitStack() as held:
        assert asyncio.run(admitted("a", 20)) == 6
        assert asyncio.run(admitted("b", 20)) == 3
        assert asyncio.run(admitted("a", 20)) == 0
        assert [asyncio.run(admitted(source, 1)) for source in "cdefgh"] == [1] * 6
    assert not idle._held


def test_the_sources_are_redacted_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redacting, "A_TURN", 1)
    order, go = list[str](), {name: threading.Event() for name in ("a-1", "b-1")}

    def redact(entry: Entry) -> Entry:
        name = str(entry.rows[0][1])
        assert name not in go or go[name].wait(30)
        return entry

    def then(entry: Entry) -> None:
        order.append(str(entry.rows[0][1]))

    async def three() -> None:
        threads = Redacting(redact, then)
        for name in ("a-1", "b-1", "a-2", "a-3", "b-2", "c-1"):
            threads.put(entry_of([(name[0], name, *row()[2:])]))
        go["a-1"].set()
        await until(lambda: len(order) == 4, "all that is not behind the one of b is done")
        go["b-1"].set()
        await until(lambda: len(order) == 6, "all is done")
        threads.stop()

    asyncio.run(three())
    assert order == ["a-1", "c-1", "a-2", "a-3", "b-1", "b-2"]


def test_once_it_has_stopped_nothing_is_handed_on() -> None:
    handing, go, done = threading.Event(), threading.Event(), list[Entry]()

    def then(entry: Entry) -> None:
        handing.set()
        assert go.wait(30)
        done.append(entry)

    async def stop() -> None:
        threads = Redacting(lambda entry: entry, then)
        first, second = entry_of([row()]), entry_of([row()])
        threads.put(first)
        await until(handing.is_set, "the first is being handed on")
        stopping = asyncio.create_task(asyncio.to_thread(threads.stop))
        try:
            await until(lambda: threads._stopped, "it stops")
            threads.put(second)
            with pytest.raises(Full):
                await asyncio.wait_for(second.stored, 60)
        finally:
            go.set()
        await stopping
        assert done == [first]

    asyncio.run(stop())
