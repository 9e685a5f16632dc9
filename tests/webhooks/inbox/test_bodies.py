"""A body that is here is read at once; one that is still coming has its time, and nothing of it is lost."""

import asyncio
from typing import Any

import pytest

from webhooks.inbox.bodies import whole
from webhooks.problems import Problem


class Sender:
    """Sends the chunks, each (but the first, if `prompt`) a turn of the event loop late; then nothing, or the end."""

    def __init__(self, *chunks: bytes, prompt: bool, ends: bool = True) -> None:
        last = len(chunks) - 1
        self._left = [
            {"type": "http.request", "body": chunk, "more_body": not ends or place < last}
            for place, chunk in enumerate(chunks)
        ]
        self._late = not prompt
        self._news = asyncio.Event()

    async def receive(self) -> Any:
        if not self._left:
            await asyncio.Event().wait()
        if self._late:
            asyncio.get_running_loop().call_soon(self._news.set)
            await self._news.wait()
            self._news.clear()
        self._late = True
        return self._left.pop(0)


def read(*chunks: bytes, prompt: bool, ends: bool = True) -> bytes:
    async def run() -> bytes:
        return await whole((), Sender(*chunks, prompt=prompt, ends=ends).receive, patience=0.05)

    return asyncio.run(run())


def test_what_is_here_already_needs_no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asyncio, "timeout", None)
    assert read(b"{}", prompt=True) == b"{}"


@pytest.mark.parametrize("prompt", [True, False])
def test_what_comes_in_pieces_is_put_together(prompt: bool) -> None:
    assert read(b"one", b"two", b"three", prompt=prompt) == b"onetwothree"


@pytest.mark.parametrize("prompt", [True, False])
def test_what_never_ends_is_given_up(prompt: bool) -> None:
    with pytest.raises(Problem) as told:
        read(b"one", prompt=prompt, ends=False)
    assert told.value.status == 408
