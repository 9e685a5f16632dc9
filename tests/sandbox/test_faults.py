"""Every fault, as a client on a raw socket sees it."""

import socket
import struct
import time

import httpx2
import pytest

from tests.sandbox.conftest import KEY

GET = f"GET /stripe/v1/balance HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode()
BALANCE = {"path": "/stripe/v1/balance", "headers": {"Authorization": f"Bearer {KEY}"}}


@pytest.fixture
def order(sandbox):
    """Order a fault for the next requests to Stripe."""
    return lambda fault, match="*", **more: sandbox.control(
        "POST", "/faults", {"provider": "stripe", "match": match, "fault": fault, **more}
    )


def raw(peer, request=GET, patience=60.0):
    """All the bytes that come back, and how the connection ended: `closed`, `reset` or `silence`."""
    got = b""
    with socket.create_connection(peer.address, timeout=patience) as connection:
        connection.sendall(request)
        try:
            while chunk := connection.recv(65536):
                got += chunk
        except ConnectionResetError:
            return got, "reset"
        except TimeoutError:
            return got, "silence"
    return got, "closed"


def test_without_a_fault_there_is_a_whole_answer(sandbox):
    got, ending = raw(sandbox)
    assert got.startswith(b"HTTP/1.1 200")
    assert ending == "closed"


@pytest.mark.parametrize("status", [400, 500, 502, 503])
def test_a_status_is_answered_in_stripes_shape(sandbox, order, status):
    order(f"status:{status}")
    answer = sandbox.ask("GET", **BALANCE)
    assert answer.status_code == status
    assert answer.json()["error"]["type"] == "api_error"


def test_a_429_says_when_to_come_back(sandbox, order):
    order("429:7")
    answer = sandbox.ask("GET", **BALANCE)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.json()["error"]["type"] == "rate_limit_error"


@pytest.mark.parametrize("fault", ["reset", "drop_reply"])
def test_a_cut_connection_gives_no_byte_of_an_answer(sandbox, order, fault):
    order(fault)
    assert raw(sandbox) == (b"", "reset")


def test_a_reset_does_not_do_the_work_and_a_dropped_reply_does(sandbox, order):
    mail = {
        "personalizations": [{"to": [{"email": "ada@example.com"}]}],
        "from": {"email": "a@shop.example"},
        "subject": "s",
        "content": [{"type": "text/plain", "value": "t"}],
    }
    for fault, mails in (("reset", 0), ("timeout", 0), ("drop_reply", 1), ("garbage", 2)):
        sandbox.control("POST", "/faults", {"provider": "sendgrid", "fault": fault})
        options = {"json": mail, "headers": {"Authorization": "Bearer SG.patchbay-sandbox"}, "trust_env": False}
        try:
            httpx2.post(f"{sandbox.url}/sendgrid/v3/mail/send", timeout=0.3 if fault == "timeout" else 60, **options)
        except httpx2.TransportError:
            assert fault != "garbage"
        assert len(sandbox.control("GET", "/mail")) == mails, fault


def test_a_timeout_is_silence_until_the_client_goes_away(sandbox, order):
    order("timeout")
    assert raw(sandbox, patience=0.4) == (b"", "silence")


def test_a_slow_answer_comes_in_the_end(sandbox, order):
    order("slow:0.3")
    started = time.monotonic()
    assert raw(sandbox)[0].startswith(b"HTTP/1.1 200")
    assert time.monotonic() - started >= 0.3


def test_garbage_is_a_200_that_is_no_json(sandbox, order):
    order("garbage")
    answer = sandbox.ask("GET", **BALANCE)
    assert answer.status_code == 200
    with pytest.raises(ValueError, match="Expecting value"):
        answer.json()


def test_a_fault_happens_as_often_as_was_asked(sandbox, order):
    order("status:503", times=2)
    assert [sandbox.ask("GET", **BALANCE).status_code for _ in range(3)] == [503, 503, 200]


@pytest.mark.parametrize(
    ("match", "struck"),
    [
        ("GET /v1/balance", True),
        ("GET /v1/*", True),
        ("* /v1", True),
        ("GET *", True),
        ("* *", True),
        ("POST /v1/balance", False),
        ("GET /v1/events", False),
    ],
)
def test_a_fault_strikes_what_matches_and_nothing_else(sandbox, order, match, struck):
    order("status:503", match=match)
    assert (sandbox.ask("GET", **BALANCE).status_code == 503) is struck


def test_another_vendor_is_spared(sandbox, order):
    order("status:503")
    headers = {"Authorization": "Bearer SG.patchbay-sandbox"}
    assert sandbox.ask("GET", "/sendgrid/v3/scopes", headers=headers).status_code == 200


def test_faults_are_listed_and_taken_back(sandbox, order):
    order("status:503", match="GET /v1", times=3)
    wanted = {"provider": "stripe", "match": "GET /v1", "fault": "status:503", "times": 3}
    assert sandbox.control("GET", "/faults") == [wanted]
    sandbox.control("DELETE", "/faults")
    assert sandbox.ask("GET", **BALANCE).status_code == 200


def test_a_client_that_resets_in_the_middle_harms_nobody(sandbox):
    with socket.create_connection(sandbox.address) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(b"POST /stripe/v1/refunds HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
    assert sandbox.ask("GET", **BALANCE).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"fault": "explode"},
        {"fault": "status"},
        {"fault": "status:200"},
        {"fault": "status:many"},
        {"fault": "status:503.5"},
        {"fault": "status:nan"},
        {"fault": "status:inf"},
        {"fault": "slow:nan"},
        {"fault": "slow:-1"},
        {"fault": "reset:1"},
        {"fault": None},
        {"match": "GET"},
        {"match": 5},
        {"times": 0},
        {"times": "twice"},
        {"times": True},
        {"provider": "nobody"},
        {"provider": None},
    ],
)
def test_an_order_that_makes_no_sense_is_refused_in_words(sandbox, change):
    wish = {"provider": "stripe", "match": "* *", "fault": "reset", **change}
    answer = sandbox.ask("POST", "/_control/faults", json=wish)
    assert answer.status_code == 400
    assert len(answer.json()["error"]) > 10
    assert sandbox.control("GET", "/faults") == []
