"""The inbox once more on the database that lets writers run side by side, and that has partitions."""

import pytest

from tests.services import again_on


@pytest.mark.services
def test_the_inbox_does_the_same_on_postgresql(postgresql: str) -> None:
    told = again_on(postgresql, "-n", "0", "tests/webhooks/inbox", "-m", "not services")
    assert "skipped" not in told
