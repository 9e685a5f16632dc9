"""The event stream, over a real server."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest
from django.test import Client

from tests.realtime.conftest import LIMITS, PATIENCE, Server, event, serving, tell
from tests.realtime.test_websocket import from_token

pytestmark = pytest.mark.django_db(transaction=True)


def ask(server: Server, path: str = "", method: str = "GET", **headers: str) -> HTTPResponse:
    connection = HTTPConnection(server.host, timeout=PATIENCE)
    connection.request(
        method, path or server.path("/events"), headers={k.replace("_", "-"): v for k, v in headers.items()}
    )
    return connection.getresponse()


def message(stream: HTTPResponse) -> dict[str, str]:
    """The fields of the next message; a comment has none."""
    lines = iter(lambda: stream.readline().decode().rstrip("\n"), "")
    return dict(line.split(": ", 1) for line in lines if not line.startswith(":"))


def test_events_come_with_the_id_to_resume_from(server: Server) -> None:
    tell(event())
    stream = ask(server)
    assert stream.status == 200
    assert stream.headers["Content-Type"].startswith("text/event-stream")
    assert (stream.headers["Cache-Control"], stream.headers["X-Accel-Buffering"]) == ("no-cache", "no")
    hello = message(stream)
    epoch = json.loads(hello["data"])["epoch"]
    assert (hello["event"], hello["id"]) == ("hello", f"{epoch}-1")
    tell(event(name="order.paid", order={"number": "1001"}))
    told = message(stream)
    assert (told["event"], told["id"]) == ("order.paid", f"{epoch}-2")
    assert json.loads(told["data"])["data"] == {"order": {"number": "1001"}}
    stream.close()


@pytest.mark.parametrize("by", ["header", "query"])
def test_the_last_event_id_resumes(server: Server, by: str) -> None:
    tell(event(), event(), event())
    first = ask(server)
    last = message(first)["id"].replace("-3", "-1")
    first.close()
    headers = {"Last_Event_ID": last} if by == "header" else {}
    path = server.path(f"/events?last_event_id={last}" if by == "query" else "/events")
    stream = ask(server, path, **headers)
    assert [message(stream)["id"].partition("-")[2] for _ in range(3)] == ["1", "2", "3"]
    stream.close()


@pytest.mark.parametrize("last", ["other-1", "nonsense", "-", "other-", "x-" + "9" * 5000, "e-²"])
def test_an_id_of_another_log_is_reset(server: Server, last: str) -> None:
    tell(event())
    stream = ask(server, Last_Event_ID=last.encode("utf-8").decode("latin-1"))
    assert message(stream)["event"] == "reset"
    assert message(stream)["event"] == "hello"
    stream.close()


def test_silence_is_filled_with_comments(transactional_db: None) -> None:
    with serving(replace(LIMITS, heartbeat=0.05)) as server:
        stream = ask(server)
        assert [len(message(stream)) for _ in range(3)] == [3, 0, 0]
        stream.close()


@pytest.mark.parametrize(
    ("path", "method", "status", "code"),
    [
        ("/events", "GET", 401, "not_authenticated"),
        ("/events?ticket=forged", "GET", 401, "not_authenticated"),
        ("/events", "POST", 405, "method_not_allowed"),
    ],
)
def test_refusals_are_problems(server: Server, path: str, method: str, status: int, code: str) -> None:
    answer = ask(server, path, method)
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert json.load(answer)["code"] == code


def test_the_staffs_stream_is_for_staff(server: Server) -> None:
    assert ask(server, server.path("/events?stream=staff")).status == 403


def test_a_bearer_token_lets_in(server: Server, settings: Any) -> None:
    settings.REALTIME_IDENTIFY = f"{from_token.__module__}.from_token"
    assert ask(server, "/events", Authorization="Bearer nonsense").status == 401
    stream = ask(server, "/events", Authorization="bearer 1")
    assert message(stream)["event"] == "hello"
    stream.close()


def test_a_session_lets_in(server: Server, signed_in: Client) -> None:
    stream = ask(server, "/events", Cookie=f"sessionid={signed_in.cookies['sessionid'].value}")
    assert message(stream)["event"] == "hello"
    stream.close()


@pytest.mark.parametrize("session", ["x", "unknownunknown", '"\\000unknown"', "\xff" * 32])
def test_a_session_that_is_none_does_not(server: Server, session: str) -> None:
    assert ask(server, "/events", Cookie=f"sessionid={session}").status == 401


def test_the_stream_ends_with_the_sign_in(server: Server) -> None:
    stream = ask(server, server.path("/events", expires_at=datetime.now(UTC) + timedelta(seconds=1.5)))
    assert b"hello" in stream.read()


def test_a_server_that_ends_does_not_wait_for_its_streams(transactional_db: None) -> None:
    with serving(LIMITS) as server:
        stream = ask(server)
        message(stream)
        started = time.monotonic()
    assert stream.read() == b""
    assert time.monotonic() - started < PATIENCE / 2


def test_a_client_that_leaves_is_forgotten(server: Server) -> None:
    stream = ask(server)
    message(stream)
    stream.close()
    assert server.forgets()
