"""One running sandbox: its memory, its clock, its bad luck, and the vendors that live in it."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from integrations.sandbox.clock import Clock
from integrations.sandbox.delivery import Courier
from integrations.sandbox.errands import Errands
from integrations.sandbox.faults import Faults
from integrations.sandbox.gate import Refusal
from integrations.sandbox.store import Json, Store

REMEMBERED = 1000


class World:
    """What the vendors of one sandbox share. `public_url` is where people reach it, without a slash at the end."""

    def __init__(self, public_url: str, receiver: Callable[[], str], state_file: Path | None) -> None:
        self.public_url = public_url
        self.store = Store(state_file)
        self._time = self.store.table("sandbox", "clock")
        self.clock = Clock(timedelta(seconds=self._time.get("clock", {}).get("ahead", 0)))
        self.errands = Errands()
        self.faults = Faults()
        self.courier = Courier(self.store, self.clock, self.errands, receiver)
        self.traffic: deque[Json] = deque(maxlen=REMEMBERED)

    def advance(self, by: timedelta) -> None:
        """Move the clock, and remember how far it is ahead."""
        self.clock.advance(by)
        self._time["clock"] = {"ahead": self.clock.ahead.total_seconds()}
        self.store.changed()

    async def reset(self) -> None:
        """As on the first day: nothing remembered, nothing under way, nothing wrong."""
        await self.errands.cancel()
        self.store.clear()
        self.faults.clear()
        self.traffic.clear()
        self.courier.forget()
        self.clock.restart()


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """A simulated vendor: its API, how it words an error, its pages for people, and what `/_control/<slug>` can do.

    `wake` takes up what was under way when the sandbox ended. `note` writes down a webhook that was ordered, as if it
    had happened, and gives its id; empty where it has none of its own.
    """

    slug: str
    api: ASGIApp
    refusal: Refusal
    pages: tuple[BaseRoute, ...] = ()
    control: tuple[BaseRoute, ...] = ()
    wake: Callable[[], None] = lambda: None
    note: Callable[[object], str] = lambda _payload: ""
