"""The races of this app once more, on the database that lets writers run side by side."""

import pytest

from tests.services import again_on


@pytest.mark.services
def test_the_races_end_the_same_on_postgresql(postgresql):
    assert "3 passed" in again_on(postgresql, "tests/accounts", "-k", "sixteen")
