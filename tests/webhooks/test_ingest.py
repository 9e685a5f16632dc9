"""The door for webhooks, called as the ASGI application it is, with the real inbox behind it."""

import asyncio
import json
from typing import Any

import pytest
from django.utils import timezone

from integrations.signatures import hmac_sha256
from tests.clocks import eventually
from webhooks.inbox.bodies import MAX_BODY
from webhooks.inbox.contents import content_of
from webhooks.inbox.ingest import Ingest
from webhooks.inbox.writer import Inbox
from webhooks.models import Delivery

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "patchbay-github-sandbox-secret"
BODY = json.dumps({"zen": "Keep it logically awesome.", "repository": {"full_name": "patchbay/demo"}}).encode()


def headers(body: bytes = BODY, identifier: str = "d-1", **changed: str) -> list[tuple[bytes, bytes]]:
    given = {
        "x-github-delivery": identifier,
        "x-github-event": "push",
        "x-hub-signature-256": "sha256=" + hmac_sha256(SECRET, body),
        "authorization": "Bearer of-nobody's-business",
    } | changed
    return [(name.encode(), value.encode("latin-1")) for name, value in given.items()]


class Exchange:
    """One request to the ASGI application, and what it answered."""

    def __init__(self, body: bytes, given: list[tuple[bytes, bytes]], slug: str, chunk: int) -> None:
        self.scope = {"type": "http", "method": "POST", "path": f"/webhooks/{slug}", "headers": given}
        self._chunks = [body[i : i + chunk] for i in range(0, len(body), chunk)] or [b""]
        self.status, self.headers, self.body = 0, {}, b""

    async def receive(self) -> dict[str, Any]:
        chunk = self._chunks.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(self._chunks)}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        else:
            self.body += message["body"]

    @property
    def problem(self) -> dict[str, Any]:
        assert self.headers[b"content-type"] == b"application/problem+json"
        return json.loads(self.body)


def post(inbox: Inbox, body: bytes = BODY, given: Any = None, slug: str = "github", chunk: int = 1 << 16) -> Exchange:
    exchange = Exchange(body, headers(body) if given is None else given, slug, chunk)
    asyncio.run(Ingest(inbox)(exchange.scope, exchange.receive, exchange.send))
    return exchange


def test_a_genuine_delivery_is_stored_as_its_raw_bytes(inbox: Inbox) -> None:
    assert post(inbox, chunk=7).status == 200
    stored = Delivery.objects.get()
    content = content_of(stored)
    assert content is not None
    assert content.body == BODY
    assert (stored.source, stored.external_id, stored.kind) == ("github", "d-1", "push")
    assert stored.object_key == "patchbay/demo"
    assert stored.state == "pending"


def test_credentials_among_the_headers_are_not_stored(inbox: Inbox) -> None:
    post(inbox)
    content = content_of(Delivery.objects.get())
    assert content is not None
    assert "authorization" not in content.headers


def test_a_duplicate_is_acknowledged_and_stored_once(inbox: Inbox) -> None:
    assert [post(inbox).status for _ in range(3)] == [200, 200, 200]
    assert Delivery.objects.count() == 1


def test_sixteen_simultaneous_copies_are_stored_once(inbox: Inbox) -> None:
    async def storm() -> list[int]:
        exchanges = [Exchange(BODY, headers(), "github", 1 << 16) for _ in range(16)]
        ingest = Ingest(inbox)
        await asyncio.gather(*(ingest(item.scope, item.receive, item.send) for item in exchanges))
        return [item.status for item in exchanges]

    assert asyncio.run(storm()) == [200] * 16
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ([], "bad_signature"),
        (headers(**{"x-hub-signature-256": "sha256=" + "0" * 64}), "bad_signature"),
        (headers(**{"x-hub-signature-256": "sha256=\xe9\xe9"}), "bad_signature"),
        (headers(**{"x-github-event": ""}), "bad_payload"),
        (headers(identifier="x" * 256), "refused"),
        (headers(identifier="nul\x00"), "refused"),
    ],
)
def test_a_forged_or_broken_request_is_refused_in_words_and_leaves_nothing(inbox: Inbox, given: Any, code: str) -> None:
    answer = post(inbox, given=given)
    assert answer.status == 400
    assert answer.problem["code"] == code
    assert answer.problem["detail"]
    assert not Delivery.objects.exists()


def test_a_body_that_is_not_json_is_refused(inbox: Inbox) -> None:
    answer = post(inbox, b"{not json")
    assert (answer.status, answer.problem["code"]) == (400, "bad_payload")


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_over_the_limit_is_refused_announced_or_not(inbox: Inbox, announced: bool) -> None:
    body = b"x" * (MAX_BODY + 1)
    given = headers(body) + ([(b"content-length", str(len(body)).encode())] if announced else [])
    assert post(inbox, body, given).status == 413


def test_an_unknown_or_unconfigured_source_is_not_found(inbox: Inbox, settings: Any) -> None:
    assert post(inbox, slug="no-such-source").status == 404
    settings.PATCHBAY_SANDBOX = False
    assert post(inbox).status == 404


def test_what_cannot_be_stored_is_asked_for_again(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_rows: Any) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr("webhooks.inbox.writer.insert", broken)
    answer = post(inbox)
    assert (answer.status, answer.problem["code"]) == (503, "not_stored")
    assert int(answer.headers[b"retry-after"]) > 0
    assert "disk" not in answer.body.decode()


def test_a_full_inbox_asks_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webhooks.inbox.writer.MOST_WAITING", 2)
    waiting = Inbox()  # not started yet: nothing is taken out

    async def crowd() -> list[int]:
        exchanges = [Exchange(BODY, headers(identifier=f"d-{number}"), "github", 1 << 16) for number in range(4)]
        ingest = Ingest(waiting)
        tasks = [asyncio.create_task(ingest(item.scope, item.receive, item.send)) for item in exchanges]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        waiting.start()
        await asyncio.gather(*tasks)
        return sorted(item.status for item in exchanges)

    assert asyncio.run(crowd()) == [200, 200, 503, 503]
    assert post(waiting, given=headers(identifier="d-5")).status == 200  # there is room again
    waiting.stop()


def test_what_was_gathered_is_stored_before_the_inbox_stops() -> None:
    async def leave() -> None:
        inbox = Inbox()
        inbox.start()
        stored = asyncio.create_task(inbox.store([("github", "d-1", "ping", "", "{}", BODY, "", timezone.now())]))
        await asyncio.sleep(0)
        inbox.stop()
        await asyncio.wait_for(stored, 10)

    asyncio.run(leave())
    assert Delivery.objects.count() == 1


def test_what_waits_is_bounded_in_bytes_and_what_is_stored_waits_no_more(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webhooks.inbox.writer.MOST_WAITING_BYTES", len(BODY) + 2_000, raising=False)
    assert [post(inbox).status for _ in range(40)] == [200] * 40
    monkeypatch.setattr("webhooks.inbox.writer.MOST_WAITING_BYTES", len(BODY), raising=False)
    answer = post(inbox)
    assert (answer.status, answer.problem["code"]) == (503, "not_stored")


def test_few_large_bodies_are_stored_at_once() -> None:
    rows = [(("github", f"e{number}", "ping", "", "{}", b"x" * 1_000_000, "", None),) for number in range(50)]

    async def wait() -> list[int]:
        waiting = Inbox()  # never started: the batches are taken here
        tasks = [asyncio.create_task(waiting.store(given)) for given in rows]
        for _ in range(3):  # they come, and no more do
            await asyncio.sleep(0)
        sizes = []
        while sum(sizes) < len(rows):
            sizes.append(len(waiting._next_batch(timeout=1) or []))
        for task in tasks:
            task.cancel()
        return sizes

    assert asyncio.run(wait()) == [17, 17, 16]


def test_a_batch_becomes_one_delivery_per_event(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    from integrations.sandbox.signing import sign

    events = [{"sg_event_id": f"e{i}", "event": "delivered", "email": "a@example.com"} for i in range(3)]
    body = json.dumps(events).encode() + b"\r\n"
    signed = sign("sendgrid", body, kind="delivered", now=timezone.now())
    given = [(name.lower().encode(), value.encode()) for name, value in signed.items()]
    assert post(inbox, body, given, slug="sendgrid").status == 200
    assert list(Delivery.objects.order_by("external_id").values_list("external_id", flat=True)) == ["e0", "e1", "e2"]


@pytest.mark.parametrize("event", [{"id": "", "type": "charge.failed"}, {"id": "evt_1", "type": ""}])
def test_a_genuine_event_without_a_name_is_refused(inbox: Inbox, event: dict[str, str]) -> None:
    from integrations.sandbox.signing import sign

    body = json.dumps(event).encode()
    signed = sign("stripe", body, kind="charge.failed", now=timezone.now())
    given = [(name.lower().encode(), value.encode()) for name, value in signed.items()]
    assert post(inbox, body, given, slug="stripe").status == 400
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "OPTIONS"])
def test_only_posts_are_taken_at_the_door(inbox: Inbox, method: str) -> None:
    exchange = Exchange(b"", [], "github", 1)
    exchange.scope["method"] = method
    asyncio.run(Ingest(inbox)(exchange.scope, exchange.receive, exchange.send))
    assert (exchange.status, exchange.headers[b"allow"]) == (405, b"POST")
    assert exchange.problem["code"] == "method_not_allowed"


def test_a_broker_that_fails_in_a_way_nobody_foresaw_does_not_end_the_waking(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def broken() -> None:
        calls.append(1)
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr("webhooks.inbox.writer.wake_drain", broken)
    for count in (1, 2):
        inbox._news.set()
        eventually(lambda: len(calls) >= count, "the broker is asked")  # noqa: B023  before the next round
