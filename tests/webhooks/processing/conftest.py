"""Pushes to process, and a handler of the test's own in place of the real one."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from integrations.facts import RepositoryPushed
from tests.webhooks.arrivals import arrive
from webhooks.models import Delivery
from webhooks.outbox.publishing import publish
from webhooks.processing import handling
from webhooks.processing.handlers import PUSHED


def push(head: str, repository: str = "", kind: str = "push", **fields: Any) -> Delivery:
    """Store a push; its object is the repository."""
    content = {
        "repository": {"full_name": repository or "patchbay/demo"},
        "ref": "refs/heads/main",
        "after": head,
        "pusher": {"name": "ada"},
        "commits": [],
    }
    body = json.dumps(content).encode()
    return arrive(kind, body, external_id=head, object_key=repository, request_id=f"r-{head:>08}", **fields)


def read(*rows: Delivery) -> list[str]:
    """The states of the deliveries, as the table has them."""
    for row in rows:
        row.refresh_from_db()
    return [row.state for row in rows]


@dataclass
class Acting:
    """Publishes each push as often as it comes, unless `failing` has an error for its head.

    `began` are the heads as they came.
    """

    failing: dict[str, Exception] = field(default_factory=dict)
    in_effect: dict[str, Exception] = field(default_factory=dict)
    before: Callable[[str], object] = lambda _head: None
    inside: Callable[[str], object] = lambda _head: None
    began: list[str] = field(default_factory=list)

    def __call__(self, fact: RepositoryPushed) -> Callable[[], None]:
        self.began.append(fact.head)
        self.before(fact.head)
        if fact.head in self.failing:
            raise self.failing[fact.head]

        def effect() -> None:
            publish(PUSHED.name, {"head": fact.head}, about=f"repository:{fact.repository}")
            self.inside(fact.head)
            if fact.head in self.in_effect:
                raise self.in_effect[fact.head]

        return effect


@pytest.fixture
def acting(monkeypatch: pytest.MonkeyPatch) -> Acting:
    handler = Acting()
    monkeypatch.setitem(handling._handlers, RepositoryPushed, handler)
    return handler
