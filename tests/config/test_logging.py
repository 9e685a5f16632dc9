"""What strangers do at the door is no error of ours, and is told once."""

import io
import logging
from typing import Any

import pytest
from django.test import Client
from structlog.testing import capture_logs

from config.access import Access
from config.logging import OnlyNews

pytestmark = pytest.mark.django_db


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the configured handler writes."""
    handler = next(h for h in logging.getLogger().handlers if any(isinstance(f, OnlyNews) for f in h.filters))
    stream = io.StringIO()
    monkeypatch.setattr(handler, "stream", stream)
    return stream


def test_a_strangers_host_is_a_warning_in_one_line(client: Any, written: io.StringIO) -> None:
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400
    said = written.getvalue()
    assert "evil.example" in said
    assert "Traceback" not in said
    assert "warning" in said
    assert "error" not in said


def test_a_stale_form_is_left_to_the_requests_own_line(written: io.StringIO) -> None:
    assert Client(enforce_csrf_checks=True).post("/cart/items").status_code == 403
    assert written.getvalue() == ""


def test_a_broken_view_is_still_told_with_its_traceback(written: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("payments.views.shop.page_of", None)
    assert Client(raise_request_exception=False).get("/").status_code == 500
    assert "Traceback" in written.getvalue()


def test_the_broker_in_memory_has_no_host_and_nobody_needs_to_know(written: io.StringIO) -> None:
    logging.getLogger("kombu.connection").warning("No hostname was supplied. Reverting to default 'localhost'")
    assert written.getvalue() == ""


@pytest.mark.parametrize(("path", "status", "level"), [("/readyz", 503, "warning"), ("/", 503, "error")])
def test_not_being_ready_yet_is_no_error(path: str, status: int, level: str) -> None:
    assert levels(path, {"type": "http.response.start", "status": status}) == [level]


def levels(path: str, answer: dict[str, Any], kind: str = "http") -> list[str]:
    import asyncio

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send(answer)

    async def send(_message: Any) -> None:
        """Nobody is there."""

    scope = {"type": kind, "path": path, "headers": []} | ({"method": "GET"} if kind == "http" else {})
    with capture_logs() as lines:
        asyncio.run(Access(app)(scope, send, send))  # type: ignore[arg-type]
    return [line["log_level"] for line in lines]


def test_a_socket_that_was_let_in_is_left_to_its_own_line_and_a_refused_one_is_told() -> None:
    accepted = {"type": "websocket.accept"}
    assert levels("/ws", accepted, kind="websocket") == []
    refused = {"type": "websocket.http.response.start", "status": 403}
    assert levels("/ws", refused, kind="websocket") == ["info"]
