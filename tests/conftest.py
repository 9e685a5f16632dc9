"""Fixtures that every test may use."""

from collections.abc import Iterable, Iterator

import pytest
from django.db.backends.postgresql.operations import DatabaseOperations

from integrations.http import state
from integrations.http.journal import journal
from webhooks.sources.rounds import rounds

pytest_plugins = [
    "tests.services",
    "tests.ownredis",
    "tests.peers",
    "tests.faults",
    "tests.publishing",
    "tests.running",
    "tests.spans",
    "tests.integrations.patient",
]


SERVERS = {"own_redis", "redis_url", "postgresql", "servers", "services", "forgetful_redis"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What stands on a server of its own or on one that is shared is marked so, wherever it is written."""
    for item in items:
        if not SERVERS.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.services)


@pytest.fixture(autouse=True, scope="session")
def _emptied_by_deleting() -> Iterator[None]:
    """Between tests PostgreSQL's tables are emptied as SQLite's are: TRUNCATE makes a new file of each of them and each
    of their indexes, which takes seconds where the few rows of a test take milliseconds."""

    def deleting(self: DatabaseOperations, _style: object, tables: Iterable[str], **_how: bool) -> list[str]:
        return [f"DELETE FROM {self.quote_name(table)}" for table in tables]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", deleting)
        yield


@pytest.fixture(autouse=True)
def _vendors_are_well() -> Iterator[None]:
    """No test inherits another's open circuit, spent rate, closed gate, sources, or calls still to be written."""
    state.forget()
    journal.forked()
    rounds.forked()
    yield
    state.forget()
