"""A streamed answer is made as fast as it is read: a slow reader costs neither a thread nor memory."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.http import StreamingHttpResponse
from django.utils import timezone

from config import streams
from config.streams import Threads
from tests.config.test_bodies import ENOUGH, Exchange
from tests.webhooks.arrivals import arrive
from webhooks.care.audit import Person, Via
from webhooks.care.export import export
from webhooks.care.language import parse
from webhooks.models import Intervention

PIECE = b"x" * 1000


class Slow(Exchange):
    """Somebody who reads a portion when told to, and may leave."""

    def __init__(self) -> None:
        super().__init__(method="GET", path="/")
        self.asked, self.reads, self.left = asyncio.Event(), asyncio.Semaphore(0), asyncio.Event()

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.body":
            self.asked.set()
            if not self.left.is_set():
                await self.reads.acquire()
        await super().send(message)

    async def receive(self) -> Any:
        if self._left:
            return self._left.pop(0)
        await self.left.wait()
        return {"type": "http.disconnect"}


class Source:
    """A long answer that counts what was made of it."""

    def __init__(self, pieces: int, error: Exception | None = None) -> None:
        self.left, self.made, self.closed, self.error = pieces, 0, 0, error

    def __iter__(self) -> Iterator[bytes]:
        while self.left:
            self.left, self.made = self.left - 1, self.made + 1
            yield PIECE
        if self.error:
            raise self.error

    def close(self) -> None:
        self.closed += 1

    def answer(self) -> StreamingHttpResponse:
        answer = StreamingHttpResponse(iter(self))
        answer._resource_closers.append(self.close)  # type: ignore[attr-defined]
        return answer


Story = Callable[[Threads, "Slow", "asyncio.Task[None]"], Any]


def run(answer: StreamingHttpResponse, story: Story, workers: int = 1) -> Slow:
    """What the story comes to from the moment the first portion is there."""

    def app(_environ: Any, start_response: Any) -> StreamingHttpResponse:
        start_response("200 OK", [])
        return answer

    async def told() -> Slow:
        threads, reader = Threads(app, workers=workers), Slow()
        exchange = asyncio.create_task(threads(reader.scope, reader.receive, reader.send))
        async with asyncio.timeout(ENOUGH):
            await reader.asked.wait()
            await story(threads, reader, exchange)
            await asyncio.get_running_loop().run_in_executor(threads.executor, lambda: connection.close())
        return reader

    return asyncio.run(told())


@pytest.fixture(autouse=True)
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "PORTION", 4000)


def test_no_more_is_made_than_is_read_and_no_thread_is_held_meanwhile() -> None:
    source = Source(1000)

    async def story(threads: Threads, reader: Slow, exchange: asyncio.Task[None]) -> None:
        await asyncio.get_running_loop().run_in_executor(threads.executor, str)  # the only thread there is
        assert source.made == 4
        for _ in range(3):
            reader.asked.clear()
            reader.reads.release()
            await reader.asked.wait()
        assert source.made == 16
        for _ in range(1000):
            reader.reads.release()
        await exchange

    reader = run(source.answer(), story)
    assert (reader.body, source.closed) == (PIECE * 1000, 1)


def test_each_portion_begins_with_a_look_at_its_threads_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source(10)
    looked: list[tuple[str, int]] = []

    def look() -> None:
        looked.append((threading.current_thread().name.rpartition("_")[0], source.made))

    monkeypatch.setattr(streams, "close_old_connections", look)

    async def story(_threads: Threads, reader: Slow, exchange: asyncio.Task[None]) -> None:
        for _ in range(10):
            reader.reads.release()
        await exchange

    run(source.answer(), story)
    assert looked == [("WSGI", 0), ("WSGI", 4), ("WSGI", 8), ("WSGI", 10)]


def test_of_what_nobody_reads_any_more_nothing_is_made() -> None:
    source = Source(1000)

    async def story(_threads: Threads, reader: Slow, exchange: asyncio.Task[None]) -> None:
        reader.left.set()
        reader.reads.release()
        await exchange

    run(source.answer(), story)
    assert (source.made, source.closed) == (8, 1)


def test_an_answer_that_breaks_off_is_not_ended_as_if_it_were_whole() -> None:
    source = Source(4, OSError("the disk is gone"))

    async def story(_threads: Threads, reader: Slow, exchange: asyncio.Task[None]) -> None:
        reader.reads.release()
        with pytest.raises(OSError, match="the disk is gone"):
            await exchange

    assert (run(source.answer(), story).body, source.closed) == (PIECE * 4, 1)


class Stuck(Source):
    """An answer whose second portion is at work until it is let go."""

    def __init__(self) -> None:
        super().__init__(1000)
        self.at_work, self.go = threading.Event(), threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        for piece in super().__iter__():
            if self.made == 5:
                self.at_work.set()
                self.go.wait(ENOUGH)
            yield piece


def test_who_is_cut_off_while_a_portion_is_made_leaves_it_closed_once_that_is_done() -> None:
    source = Stuck()

    async def story(_threads: Threads, reader: Slow, exchange: asyncio.Task[None]) -> None:
        reader.reads.release()
        await asyncio.to_thread(source.at_work.wait, ENOUGH)
        exchange.cancel()
        assert not (await asyncio.wait({exchange}, timeout=0.05))[0]
        source.go.set()
        with pytest.raises(asyncio.CancelledError):
            await exchange

    run(source.answer(), story, workers=2)
    assert (source.made, source.closed) == (8, 1)


def test_who_is_cut_off_while_nothing_is_read_leaves_it_closed() -> None:
    source = Source(1000)

    async def story(_threads: Threads, _reader: Slow, exchange: asyncio.Task[None]) -> None:
        exchange.cancel()
        with pytest.raises(asyncio.CancelledError):
            await exchange

    run(source.answer(), story)
    assert source.closed == 1


@pytest.mark.django_db(transaction=True)
def test_an_export_that_is_left_notes_how_many_were_taken() -> None:
    for _ in range(50):
        arrive(body=PIECE)
    taken = export(parse("", timezone.now()), "ndjson", Person("ada", Via.API))

    async def story(_threads: Threads, reader: Slow, exchange: asyncio.Task[None]) -> None:
        reader.left.set()
        reader.reads.release()
        await exchange

    run(StreamingHttpResponse(taken), story)
    assert 0 < Intervention.objects.get().count < 20
