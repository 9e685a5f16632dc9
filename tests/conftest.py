"""Fixtures that every test may use."""

from collections.abc import Iterator

import pytest

from integrations.http import state
from integrations.http.journal import journal

pytest_plugins = ["tests.services", "tests.peers", "tests.faults", "tests.integrations.patient"]


@pytest.fixture(autouse=True)
def _vendors_are_well() -> Iterator[None]:
    """No test inherits another's open circuit, spent rate, closed gate, or calls that are still to be written down."""
    state.forget()
    journal.forked()
    yield
    state.forget()
