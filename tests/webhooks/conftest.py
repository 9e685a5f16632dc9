"""What the tests of webhooks stand on."""

from collections.abc import Iterator

import pytest

from webhooks.inbox.writer import Inbox


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """A running inbox."""
    inbox = Inbox()
    inbox.start()
    yield inbox
    inbox.stop()
