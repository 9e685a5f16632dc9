"""The mailbox: bounded in messages and in bytes."""

import asyncio

from realtime.frames import Frame
from realtime.mailbox import Mailbox

SMALL = Frame({"type": "event"})


def test_a_full_mailbox_refuses() -> None:
    mailbox = Mailbox(messages=2, size=1000)
    assert [mailbox.offer(SMALL) for _ in range(3)] == [True, True, False]


def test_bytes_are_bounded_too() -> None:
    mailbox = Mailbox(messages=100, size=SMALL.size * 2)
    assert [mailbox.offer(SMALL) for _ in range(3)] == [True, True, False]


def test_one_large_frame_finds_room_in_an_empty_mailbox() -> None:
    mailbox = Mailbox(messages=10, size=5)
    assert mailbox.offer(SMALL)
    assert not mailbox.offer(SMALL)


def test_putting_waits_for_room_and_keeps_the_order() -> None:
    async def exchange() -> list[Frame]:
        mailbox = Mailbox(messages=1, size=1000)
        frames = [Frame({"n": number}) for number in range(5)]
        putting = asyncio.gather(*(mailbox.put(frame) for frame in frames))
        taken = [await mailbox.take() for _ in frames]
        await putting
        return [frame.text for frame in taken] == [frame.text for frame in frames]

    assert asyncio.run(exchange())
