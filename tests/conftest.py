"""Fixtures that every test may use."""

from collections.abc import Iterator

import pytest

from integrations.http import state

pytest_plugins = ["tests.services", "tests.peers", "tests.faults", "tests.integrations.patient"]


@pytest.fixture(autouse=True)
def _vendors_are_well() -> Iterator[None]:
    """No test inherits another's open circuit, spent rate or closed gate."""
    state.forget()
    yield
    state.forget()
