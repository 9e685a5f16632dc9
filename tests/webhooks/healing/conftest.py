"""What the tests of healing share: the real door for the sandbox to knock at, and an archive that obeys."""

from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
from django.utils import timezone

from integrations import registry
from integrations.ports import EventArchive
from integrations.sandbox.server import listen, server
from tests.peers import SandboxPeer
from tests.webhooks.healing.archive import Archive
from webhooks.healing import leases, ranges
from webhooks.inbox.ingest import Ingest
from webhooks.inbox.writer import Inbox
from webhooks.models import Watermark

VENDORS = ("stripe", "github", "paypal")


@pytest.fixture
def door(sandbox: SandboxPeer, settings: Any) -> Iterator[None]:
    """Our own door, over HTTP, where the sandbox sends what it sends."""
    inbox = Inbox()
    inbox.start()
    sock = listen("127.0.0.1", 0)
    settings.PATCHBAY_URL = f"http://127.0.0.1:{sock.getsockname()[1]}"

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await Ingest(inbox)(scope, receive, send)

    serving = server(app)
    serving.config.lifespan = "off"
    thread = Thread(target=serving.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    yield
    serving.should_exit = True
    thread.join(60)
    inbox.stop()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was sent just now is looked for too; tests do not wait for two minutes."""
    monkeypatch.setattr(ranges, "GRACE", -ranges.timedelta(seconds=2))


@pytest.fixture
def known() -> None:
    """We have been listening to all three since now."""
    for source in VENDORS:
        Watermark.objects.create(source=source, begun_at=timezone.now() - leases.timedelta(seconds=2))


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Archive:
    """What GitHub says it sent, written by the test."""
    archive = Archive()
    provider = registry.all_providers()["github"]
    monkeypatch.setitem(provider._ports, EventArchive, lambda: archive)
    return archive
