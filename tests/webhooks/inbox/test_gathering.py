"""What comes to an event loop without a pause is handed on together, and whoever comes alone is not kept."""

import asyncio

from tests.webhooks.inbox.test_rules import row
from webhooks.inbox.gathering import ENOUGH, MUCH, Gathering
from webhooks.inbox.waiting import Entry, entry_of


async def turn() -> None:
    """Let everybody else on the event loop go on once."""
    await asyncio.sleep(0)


def test_who_comes_in_turns_without_a_pause_goes_together() -> None:
    handed: list[list[Entry]] = []

    async def come() -> None:
        gathering = Gathering(handed.append)
        for _ in range(4):
            gathering.put(entry_of([row()]))
            await turn()
        assert not handed
        await turn()
        assert [len(entries) for entries in handed] == [4]
        gathering.put(entry_of([row()]))
        await turn()
        await turn()
        assert [len(entries) for entries in handed] == [4, 1]

    asyncio.run(come())


def test_enough_do_not_wait_for_more() -> None:
    handed: list[list[Entry]] = []

    async def come() -> None:
        gathering = Gathering(handed.append)
        entries = [entry_of([row()]) for _ in range(2 * ENOUGH + 1)]
        for entry in entries:
            gathering.put(entry)
        assert handed == [entries[:ENOUGH], entries[ENOUGH:-1]]
        await turn()
        await turn()
        assert handed == [entries[:ENOUGH], entries[ENOUGH:-1], entries[-1:]]

    asyncio.run(come())


def test_what_is_large_does_not_wait_for_more_and_takes_along_who_waits() -> None:
    handed: list[list[Entry]] = []

    async def come() -> None:
        gathering = Gathering(handed.append)
        small, large = entry_of([row()]), entry_of([row(body=b"x" * (MUCH + 1))])
        gathering.put(small)
        gathering.put(large)
        assert handed == [[small, large]]

    asyncio.run(come())


def test_what_was_handed_on_early_is_not_handed_on_again() -> None:
    handed: list[list[Entry]] = []

    async def come() -> None:
        gathering = Gathering(handed.append)
        entry = entry_of([row()])
        gathering.put(entry)
        gathering.hand_on()
        for _ in range(3):
            await turn()
        assert handed == [[entry]]

    asyncio.run(come())
