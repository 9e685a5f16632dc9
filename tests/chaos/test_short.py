"""The chaos and the copies in their short forms; `make chaos` runs the long ones."""

from itertools import takewhile
from pathlib import Path
from tempfile import gettempdir

import pytest

from tests.chaos import copies
from tests.chaos.campaign import run
from tests.chaos.havoc import SHORT
from tests.chaos.servers import PostgreSQL, RabbitMQ, Redis
from tests.services import need

pytestmark = pytest.mark.story
WEBHOOKS, EVENTS = 500, 60


@pytest.mark.services
def test_every_acknowledged_webhook_has_one_effect_whatever_dies(tmp_path: Path) -> None:
    for server in (PostgreSQL, Redis, RabbitMQ):
        need(server.name, server.missing())
    # PostgreSQL runs as another user than root, and must get in.
    for folder in (tmp_path, *takewhile(lambda folder: folder != Path(gettempdir()), tmp_path.parents)):
        folder.chmod(0o755)
    report = run(tmp_path, SHORT, WEBHOOKS, PATCHBAY_LEASE_SECONDS="3", PATCHBAY_SWEEP_SECONDS="0.5")
    assert len(report.done) == len(SHORT)
    assert len(report.tally.acknowledged) == WEBHOOKS
    assert report.good, "\n".join(report.lines())


def test_sixteen_copies_at_once_have_one_effect_on_sqlite(tmp_path: Path) -> None:
    found = copies.on_sqlite(tmp_path, EVENTS)
    assert found.good
    assert found.handled.total() == EVENTS


@pytest.mark.services
def test_sixteen_copies_at_once_have_one_effect_on_postgresql(tmp_path: Path, servers: dict[str, str]) -> None:
    found = copies.on_postgresql(tmp_path, EVENTS)
    assert found.good
    assert found.handled.total() == EVENTS
