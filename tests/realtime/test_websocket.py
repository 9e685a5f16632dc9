"""The WebSocket, over a real server: hello, order, resume, refusals, and clients that misbehave."""

import json
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from websockets.exceptions import ConnectionClosed, InvalidStatus

from realtime.models import StreamEvent
from tests.realtime.conftest import LIMITS, PATIENCE, Server, aside, event, serving, tell

pytestmark = pytest.mark.django_db(transaction=True)


def refused(server: Server, path: str, **options: Any) -> int:
    with pytest.raises(InvalidStatus) as refusal, server.connect(path, **options):
        pass
    assert refusal.value.response.headers["Content-Type"] == "application/problem+json"
    return refusal.value.response.status_code


def close_code(peer: Any) -> int:
    """The code the server ends the connection with, once everything before has been read."""
    deadline = time.monotonic() + PATIENCE
    try:
        while True:
            peer.socket.recv(max(0, deadline - time.monotonic()))
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006


def test_hello_comes_first_and_says_where_the_stream_stands(server: Server) -> None:
    tell(event(), event())
    with server.connect() as peer:
        hello = peer.receive()
    assert (hello["type"], hello["seq"], hello["heartbeat"]) == ("hello", 2, 25)
    assert hello["epoch"]


def test_an_event_arrives_as_it_happens(server: Server) -> None:
    with server.connect() as peer:
        peer.receive()
        tell(event(name="order.paid", order={"number": "1001"}))
        told = peer.receive()
    assert datetime.fromisoformat(told.pop("at")).tzinfo == UTC
    assert told == {"type": "event", "seq": 1, "name": "order.paid", "data": {"order": {"number": "1001"}}}


def test_nobody_hears_what_is_somebody_elses(server: Server) -> None:
    with server.connect(server.path("/ws", user=2)) as peer:
        peer.receive()
        tell(event(user=1, name="order.paid"), event(user=2, name="order.created"))
        assert peer.receive()["name"] == "order.created"


def test_resuming_tells_what_was_missed_before_what_is_new(waiting_server: Server) -> None:
    tell(*(event() for _ in range(5)))
    with waiting_server.connect() as peer:
        hello = peer.receive()
        peer.resume(hello["epoch"], 2)
        tell(event())
        assert [frame["seq"] for frame in peer.receive_events(4)] == [3, 4, 5, 6]


def test_resuming_late_tells_everything_again_in_order(server: Server) -> None:
    tell(event(), event())
    with server.connect() as peer:
        hello = peer.receive()
        tell(event())
        assert peer.receive()["seq"] == 3
        peer.resume(hello["epoch"], 1)
        assert [frame["seq"] for frame in peer.receive_events(2)] == [2, 3]


def test_another_epoch_is_reset(server: Server) -> None:
    tell(event())
    with server.connect() as peer:
        hello = peer.receive()
        peer.resume("restored", 1)
        assert peer.receive() == {"type": "reset", "epoch": hello["epoch"], "seq": 1}
        tell(event())
        assert peer.receive()["seq"] == 2


def test_what_was_trimmed_is_reset(server: Server) -> None:
    tell(event(), event(), event())
    StreamEvent.objects.filter(seq__lte=2).delete()
    with server.connect() as peer:
        peer.resume(peer.receive()["epoch"], 1)
        assert peer.receive()["type"] == "reset"


def test_a_ticket_opens_one_connection(server: Server) -> None:
    path = server.path("/ws")
    with server.connect(path) as peer:
        assert peer.receive()["type"] == "hello"
    assert refused(server, path) == 403


@pytest.mark.parametrize("path", ["/ws", "/ws?ticket=forged", "/ws?ticket="])
def test_nobody_in_particular_is_refused(server: Server, path: str) -> None:
    assert refused(server, path) == 403


@pytest.mark.parametrize("path", ["/ws/", "/wss", "/", "/ws/more"])
def test_other_paths_are_not_found(server: Server, path: str) -> None:
    assert refused(server, path) == 404


def test_a_page_of_ours_connects_by_its_session(server: Server, person: Any, signed_in: Client) -> None:
    cookie = {"Cookie": f"sessionid={signed_in.cookies['sessionid'].value}"}
    with server.connect("/ws", additional_headers=cookie, origin=f"http://{server.host}") as peer:
        assert peer.receive()["type"] == "hello"
        tell(event(user=person.pk))
        assert peer.receive()["name"] == "order.paid"
    signed_in.logout()
    assert refused(server, "/ws", additional_headers=cookie) == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://127.0.0.1"])
def test_a_foreign_page_is_refused(server: Server, origin: str) -> None:
    assert refused(server, server.path("/ws"), origin=origin) == 403


def test_a_trusted_origin_is_let_in(server: Server) -> None:
    with server.connect(origin=settings.CSRF_TRUSTED_ORIGINS[0]) as peer:
        assert peer.receive()["type"] == "hello"


def test_staff_may_read_everything_and_others_may_not(server: Server) -> None:
    assert refused(server, server.path("/ws?stream=staff")) == 403
    assert refused(server, server.path("/ws?stream=elsewhere", is_staff=True)) == 404
    with server.connect(server.path("/ws?stream=staff", is_staff=True)) as peer:
        peer.receive()
        tell(event(user=77), event(user=None))
        assert [frame["seq"] for frame in peer.receive_events(2)] == [1, 2]


BAD_FRAMES = {
    "not json": "JSON",
    '"text"': "object",
    "[" * 30_000: "JSON",
    '{"type": 7}': "type",
    '{"type": "dance"}': "Clients send",
    '{"type": "resume"}': "epoch",
    '{"type": "resume", "epoch": "x", "seq": true}': "epoch",
    '{"type": "token", "access_token": null}': "access_token",
    json.dumps({"type": "pong", "padding": "x" * 40_000}): "32 KiB",
}


def test_bad_frames_are_answered_in_words_and_nothing_breaks(server: Server) -> None:
    with server.connect() as peer:
        peer.receive()
        for frame, words in BAD_FRAMES.items():
            peer.socket.send(frame)
            answer = peer.receive()
            assert answer["type"] == "error"
            assert words in answer["detail"]
        peer.socket.send(b"\x00\x01")
        assert "binary" in peer.receive()["detail"]
        tell(event())
        assert peer.receive()["seq"] == 1


def test_a_client_that_answers_no_ping_is_closed(transactional_db: None) -> None:
    with serving(replace(LIMITS, heartbeat=0.2, grace=0.1)) as server, server.connect() as peer:
        assert close_code(peer) == 4408


def test_a_client_that_answers_stays(transactional_db: None) -> None:
    with serving(replace(LIMITS, heartbeat=1.0, grace=0.9)) as server, server.connect() as peer:
        pings = 0
        while pings < 2:  # there is a second where the first was answered
            if json.loads(peer.socket.recv(PATIENCE))["type"] == "ping":
                pings += 1
                peer.send(type="pong")


def test_an_expired_sign_in_is_closed(server: Server) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=1.5)
    with server.connect(server.path("/ws", expires_at=soon)) as peer:
        assert close_code(peer) == 4401
    assert refused(server, server.path("/ws", expires_at=soon)) == 403


def from_token(token: str) -> Any:
    """Tokens of these tests: `<user>` for one that is good for an hour, anything else is no good."""
    from realtime.identity import Identity

    return Identity(int(token), False, datetime.now(UTC) + timedelta(hours=1)) if token.isdigit() else None


def test_a_fresh_token_prolongs_the_connection(server: Server, settings: Any) -> None:
    settings.REALTIME_IDENTIFY = f"{__name__}.from_token"
    soon = datetime.now(UTC) + timedelta(seconds=1.5)
    with server.connect(server.path("/ws", expires_at=soon)) as peer:
        peer.receive()
        peer.send(type="token", access_token="1")
        with pytest.raises(TimeoutError):
            peer.socket.recv(1.8)


@pytest.mark.parametrize(("token", "words"), [("bad", "not valid"), ("2", "somebody else's")])
def test_a_token_that_is_no_good_prolongs_nothing(server: Server, settings: Any, token: str, words: str) -> None:
    settings.REALTIME_IDENTIFY = f"{__name__}.from_token"
    soon = datetime.now(UTC) + timedelta(seconds=1.5)
    with server.connect(server.path("/ws", expires_at=soon)) as peer:
        peer.receive()
        peer.send(type="token", access_token=token)
        assert words in peer.receive()["detail"]
        assert close_code(peer) == 4401


def test_a_client_that_does_not_read_is_closed_without_delaying_the_others(transactional_db: None) -> None:
    with (
        serving(replace(LIMITS, messages=8)) as server,
        server.connect(compression=None, max_queue=1) as stuck,
        server.connect(compression=None) as lively,
    ):
        stuck.receive()
        lively.receive()
        for number in range(1, 61):
            tell(event(padding="x" * 200_000))
            assert lively.receive()["seq"] == number
        assert close_code(stuck) == 4008


def test_a_burst_from_many_threads_arrives_in_order_exactly_once(waiting_server: Server) -> None:
    writers = [threading.Thread(target=aside, args=[tell, *(event() for _ in range(50))]) for _ in range(4)]
    with waiting_server.connect() as first:
        epoch = first.receive()["epoch"]
        first.resume(epoch, 0)
        for writer in writers:
            writer.start()
        told = [frame["seq"] for frame in first.receive_events(60)]
    with waiting_server.connect() as second:
        second.receive()
        second.resume(epoch, told[-1])
        told += [frame["seq"] for frame in second.receive_events(140)]
    for writer in writers:
        writer.join()
    assert told == list(range(1, 201))


def test_a_client_that_leaves_is_forgotten(server: Server) -> None:
    with server.connect() as peer:
        peer.receive()
        assert server.watches() == ["user:1"]
    assert server.forgets()


def test_a_server_that_ends_says_so(transactional_db: None) -> None:
    with ExitStack() as connected:
        with serving(LIMITS) as server:
            peer = connected.enter_context(server.connect())
            peer.receive()
        assert close_code(peer) == 1012


def test_no_ticket_gets_into_the_log(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "uvicorn.error")
    path = server.path("/ws")
    with server.connect(path) as peer:
        peer.receive()
    assert refused(server, path) == 403
    assert "/ws" in caplog.text
    assert "ticket" not in caplog.text
