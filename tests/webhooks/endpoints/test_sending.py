"""One message on its way: what is sent, what counts as taken, and when it is tried again."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.utils import timezone

from integrations.errors import BadSignature
from integrations.signatures.standard import require_signed
from tests.topology import free_port
from tests.webhooks.endpoints.conftest import send_due, the_message
from tests.webhooks.endpoints.receiver import Answer, Received, Receiver
from webhooks.endpoints import keys, services
from webhooks.models import Attempt, Endpoint, Message, OutboxEvent

pytestmark = pytest.mark.django_db

Happen = Callable[..., OutboxEvent]


def test_a_message_is_sent_once_and_done(endpoint: Endpoint, receiver: Receiver, happen: Happen) -> None:
    event = happen()
    assert [outcome.status for outcome in send_due()] == [200]
    assert send_due() == []
    message, attempt = the_message(), Attempt.objects.get()
    assert (message.state, message.tries, message.error) == ("delivered", 1, "")
    assert message.done_at is not None
    assert (attempt.number, attempt.status, attempt.code, attempt.address) == (1, 200, "", "127.0.0.1")
    assert attempt.response_body == "ok"
    (received,) = receiver.received
    assert received.headers["webhook-id"] == str(event.uid)
    assert received.headers["content-type"] == "application/json"
    assert received.headers["user-agent"].startswith("Patchbay")
    assert attempt.request_headers["webhook-signature"] == received.headers["webhook-signature"]
    assert json.loads(received.body) == {"type": "order.paid", "timestamp": event.at.isoformat(), "data": {"n": 1}}


def test_a_thin_message_says_where_the_event_is_and_its_owner_may_look(
    api: Any, endpoint: Endpoint, receiver: Receiver, happen: Happen, settings: Any, admin_client: Any
) -> None:
    services.change(endpoint, payload="thin")
    event = happen(n=7)
    send_due()
    data = json.loads(receiver.received[0].body)["data"]
    assert data == {"id": str(event.uid), "url": f"{settings.PATCHBAY_URL}/api/v1/events/{event.uid}"}
    answer = api.get(data["url"].removeprefix(settings.PATCHBAY_URL))
    assert (answer.status_code, answer.json()["data"]) == (200, {"n": 7})


def check(received: Received, key: str) -> None:
    headers = (received.headers[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature"))
    require_signed(*headers, received.body, [key], datetime.now(UTC))


def verified(received: Received, endpoint: Endpoint, place: int = 0) -> None:
    check(received, keys.current(endpoint)[place].key)


@pytest.mark.parametrize("scheme", ["v1", "v1a"])
def test_the_signature_is_good_by_our_own_verifier_and_by_hand(
    customer: Any, receiver: Receiver, happen: Happen, scheme: str
) -> None:
    endpoint = services.create(customer, url=receiver.url, scheme=scheme)
    happen(words="naïve “quotes” 💶")
    send_due()
    (received,) = receiver.received
    verified(received, endpoint)
    version, _, signature = received.headers["webhook-signature"].partition(",")
    assert version == scheme
    signed = f"{received.headers['webhook-id']}.{received.headers['webhook-timestamp']}.".encode() + received.body
    raw = base64.b64decode(keys.current(endpoint)[0].key.partition("_")[2])
    if scheme == "v1":
        assert base64.b64decode(signature) == hmac.new(raw, signed, hashlib.sha256).digest()
    else:
        Ed25519PublicKey.from_public_bytes(raw).verify(base64.b64decode(signature), signed)


def test_both_secrets_sign_while_one_replaces_the_other_and_then_only_the_new_one(
    endpoint: Endpoint, receiver: Receiver, happen: Happen
) -> None:
    old = keys.current(endpoint)[0].key
    services.rotate(endpoint, timedelta(hours=2))
    new = keys.current(endpoint)[0].key
    assert old != new
    happen(about="order:1")
    send_due()
    assert receiver.received[0].headers["webhook-signature"].count("v1,") == 2
    verified(receiver.received[0], endpoint, 0)
    verified(receiver.received[0], endpoint, 1)
    endpoint.secrets.exclude(expires_at=None).update(expires_at=timezone.now() - timedelta(seconds=1))
    happen(about="order:2")
    send_due()
    later = receiver.received[1]
    assert later.headers["webhook-signature"].count("v1,") == 1
    verified(later, endpoint)
    with pytest.raises(BadSignature):
        check(later, old)


def test_a_rotation_to_the_other_scheme_signs_with_both_meanwhile(
    endpoint: Endpoint, receiver: Receiver, happen: Happen
) -> None:
    services.rotate(endpoint, scheme="v1a")
    happen()
    send_due()
    signatures = receiver.received[0].headers["webhook-signature"].split(" ")
    assert [signature.partition(",")[0] for signature in signatures] == ["v1a", "v1"]
    verified(receiver.received[0], endpoint, 0)
    verified(receiver.received[0], endpoint, 1)


def test_every_retry_has_the_same_id_and_body_and_a_time_and_signature_of_its_own(
    endpoint: Endpoint, receiver: Receiver, happen: Happen
) -> None:
    receiver.answers += [Answer(500), Answer(503), Answer(200)]
    happen()
    now = timezone.now()
    for minutes in (0, 2, 10):
        send_due(now + timedelta(minutes=minutes))
    assert len(receiver.received) == 3
    assert len({(one.headers["webhook-id"], one.body) for one in receiver.received}) == 1
    assert len({one.headers["webhook-timestamp"] for one in receiver.received}) == 3
    assert len({one.headers["webhook-signature"] for one in receiver.received}) == 3
    assert [attempt.status for attempt in Attempt.objects.all()] == [500, 503, 200]
    assert the_message().state == "delivered"


def test_after_ten_tries_over_three_days_it_is_given_up(endpoint: Endpoint, receiver: Receiver, happen: Happen) -> None:
    receiver.usual = Answer(500)
    happen()
    began = now = timezone.now()
    for _ in range(10):
        assert the_message().state == "waiting"
        now = max(the_message().due_at, now)
        assert [outcome.status for outcome in send_due(now)] == [500]
    message = the_message()
    assert (message.state, message.tries, message.error) == ("failed", 10, "It answered 500.")
    assert timedelta(hours=60) < now - began < timedelta(hours=91)
    assert send_due(now + timedelta(days=30)) == []


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_a_success(endpoint: Endpoint, receiver: Receiver, happen: Happen, status: int) -> None:
    receiver.usual = Answer(status, body=b"")
    happen()
    send_due()
    assert the_message().state == "delivered"


@pytest.mark.parametrize("status", [301, 302, 307, 308, 304, 400, 401, 404, 429, 500, 503, 599])
def test_nothing_else_is(endpoint: Endpoint, receiver: Receiver, happen: Happen, status: int) -> None:
    receiver.usual = Answer(status, {"Location": receiver.url + "/elsewhere"}, body=b"")
    happen()
    send_due()
    message, attempt = the_message(), Attempt.objects.get()
    assert (message.state, message.tries, attempt.status) == ("waiting", 1, status)
    assert attempt.code == ("redirect" if status < 400 else f"status_{status}")
    assert len(receiver.received) == 1


@pytest.mark.parametrize(
    ("header", "lowest", "highest"),
    [("600", 600, 600), ("1", 4, 6), ("99999999", 86400, 86400), ("nonsense", 4, 6), ("-1", 4, 6)],
)
def test_a_retry_after_is_honoured_within_reason(
    endpoint: Endpoint, receiver: Receiver, happen: Happen, header: str, lowest: float, highest: float
) -> None:
    receiver.usual = Answer(429, {"Retry-After": header})
    happen()
    now = timezone.now()
    send_due(now)
    wait = (the_message().due_at - now).total_seconds()
    assert lowest <= wait <= highest


def test_410_disables_the_endpoint_at_once(endpoint: Endpoint, receiver: Receiver, happen: Happen) -> None:
    receiver.answers.append(Answer(410))
    happen()
    send_due()
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.reason) == ("disabled", "It answered 410: it wants no more messages.")
    assert the_message().state == "failed"
    assert OutboxEvent.objects.filter(name="endpoint.disabled").count() == 1
    happen(about="order:2")
    assert Message.objects.count() == 1
    assert send_due(timezone.now() + timedelta(days=1)) == []


def test_one_that_hangs_is_given_up_in_time(endpoint: Endpoint, receiver: Receiver, happen: Happen) -> None:
    stop = threading.Event()
    receiver.usual = Answer(before=lambda: stop.wait(60))
    happen()
    (outcome,) = send_due(seconds=0.3)
    stop.set()
    assert (outcome.code, outcome.status) == ("timeout", None)
    assert 250 < outcome.ms < 30_000
    assert the_message().error == "It did not answer within 0.3 seconds."


def test_one_that_is_not_there_says_so(customer: Any, happen: Happen) -> None:
    services.create(customer, url=f"http://127.0.0.1:{free_port()}/")
    happen()
    send_due()
    attempt = Attempt.objects.get()
    assert (attempt.code, attempt.words, attempt.status) == ("connection_refused", "It refused the connection.", None)


def test_an_address_inside_is_never_connected_to_however_it_was_registered(
    endpoint: Endpoint, receiver: Receiver, happen: Happen, settings: Any
) -> None:
    settings.ENDPOINT_NETWORKS = []
    happen()
    send_due()
    attempt = Attempt.objects.get()
    assert attempt.code == "blocked_address"
    assert "127.0.0.1, which is loopback" in attempt.words
    assert receiver.received == []


def test_plain_http_is_not_spoken_any_more_once_the_settings_forbid_it(
    endpoint: Endpoint, receiver: Receiver, happen: Happen, settings: Any
) -> None:
    settings.ENDPOINT_HTTP = False
    happen()
    send_due()
    assert Attempt.objects.get().code == "bad_url"
    assert receiver.received == []


def test_a_huge_answer_is_read_a_little_and_kept_less(endpoint: Endpoint, receiver: Receiver, happen: Happen) -> None:
    receiver.usual = Answer(500, {"X-Long": "y" * 5000}, body=b"x " * (4 << 20))
    happen()
    send_due()
    attempt = Attempt.objects.get()
    assert 19_000 < len(attempt.response_body) <= 20_000
    assert len(attempt.response_headers["x-long"]) <= 300


def test_an_answer_of_any_bytes_is_kept_as_text(endpoint: Endpoint, receiver: Receiver, happen: Happen) -> None:
    receiver.usual = Answer(500, {"X-Odd": "a\x01\xe9"}, body=bytes(range(256)) + b"\xed\xa0\x80")
    happen()
    send_due()
    kept = Attempt.objects.get().response_body
    assert "ABC" in kept
    assert "\x00" not in kept


def test_a_secret_that_cannot_be_read_any_more_is_told_and_nothing_is_sent(
    endpoint: Endpoint, receiver: Receiver, happen: Happen
) -> None:
    endpoint.secrets.update(sealed="tampered")
    happen()
    send_due()
    attempt = Attempt.objects.get()
    assert (attempt.code, attempt.status) == ("unsigned", None)
    assert "rotate it" in attempt.words
    assert receiver.received == []


def test_a_test_is_marked_and_tried_once(endpoint: Endpoint, receiver: Receiver) -> None:
    receiver.usual = Answer(500)
    services.send_test(endpoint, "order.paid")
    send_due()
    body = json.loads(receiver.received[0].body)
    assert (body["type"], body["test"]) == ("order.paid", True)
    assert body["data"]["order"]["number"] == "1001"
    assert the_message().state == "failed"
    endpoint.refresh_from_db()
    assert endpoint.failing_since is None
