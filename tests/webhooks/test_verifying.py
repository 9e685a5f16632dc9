"""Webhooks that take a call to verify, or want an answer of their own, at the door as it stands."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from integrations.contract import Inbound, Lengthy
from integrations.errors import BadSignature
from integrations.providers import paypal
from integrations.sandbox.samples import sample
from integrations.sandbox.signing import seal
from tests.integrations.vendor import Vendor, serving
from tests.webhooks.test_ingest import Exchange, post
from webhooks.inbox import verifying
from webhooks.inbox.ingest import Ingest
from webhooks.inbox.writer import Inbox
from webhooks.models import Delivery, OutboxEvent
from webhooks.processing.drain import drain

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with serving() as vendor:
        yield vendor


@pytest.fixture(autouse=True)
def _nothing_known() -> None:
    paypal.certificates.forget()


def sent(slug: str, kind: str = "", payload: bytes | None = None, delivery: str = "") -> tuple[bytes, list[Any]]:
    body = payload if payload is not None else json.dumps(sample(slug, kind)).encode()
    sealed = seal(slug, body, kind=kind, now=timezone.now(), delivery=delivery)
    return sealed.body, [(name.lower().encode(), value.encode()) for name, value in sealed.headers.items()]


@pytest.mark.parametrize(("slug", "kind"), [("paypal", "PAYMENT.CAPTURE.COMPLETED"), ("ses", "Bounce")])
def test_a_delivery_is_stored_when_its_certificate_has_been_fetched(inbox, sandbox, slug, kind) -> None:
    assert post(inbox, *sent(slug, kind), slug=slug).status == 200
    assert Delivery.objects.get().kind == kind


def test_a_certificate_that_cannot_be_had_asks_to_come_again(inbox, vendor, monkeypatch) -> None:
    monkeypatch.setenv("PAYPAL_API_URL", vendor.url)
    vendor.cuts()
    answer = post(inbox, *sent("paypal", "PAYMENT.CAPTURE.COMPLETED"), slug="paypal")
    assert (answer.status, answer.problem["code"]) == (503, "not_stored")
    assert int(answer.headers[b"retry-after"]) > 0
    assert not Delivery.objects.exists()


def test_a_forgery_that_names_a_certificate_is_refused_and_leaves_nothing(inbox, sandbox) -> None:
    body, headers = sent("paypal", "PAYMENT.CAPTURE.COMPLETED")
    answer = post(inbox, body.replace(b"38.00", b"99.00"), headers, slug="paypal")
    assert (answer.status, answer.problem["code"]) == (400, "bad_signature")
    assert not Delivery.objects.exists()


def test_others_are_served_while_a_certificate_does_not_come(inbox, vendor, monkeypatch) -> None:
    monkeypatch.setenv("PAYPAL_API_URL", vendor.url)
    vendor.hangs()

    async def both() -> tuple[int, bool]:
        ingest = Ingest(inbox)
        slow = Exchange(*sent("paypal", "PAYMENT.CAPTURE.COMPLETED"), "paypal", 1 << 16)
        waiting = asyncio.create_task(ingest(slow.scope, slow.receive, slow.send))
        while not vendor.asked:
            await asyncio.sleep(0.005)
        quick = Exchange(*sent("github", "push", delivery="d-1"), "github", 1 << 16)
        await ingest(quick.scope, quick.receive, quick.send)
        still = not waiting.done()
        vendor.released.set()
        await waiting
        return quick.status, still

    assert asyncio.run(both()) == (200, True)


class Blocking:
    """A source whose every request takes a call that does not end before `go` is set; a genuine one none."""

    def __init__(self, genuine: bool = False) -> None:
        self.go, self.begun, self.genuine = threading.Event(), 0, genuine
        self.slug, self.rate, self.paused = "x", 0.0, False
        self.proofs: frozenset[str] = frozenset()
        self.secret_headers: frozenset[str] = frozenset()

    def receive(self, _inbound: Inbound) -> list[Any]:
        raise Lengthy(self.finish, genuine=self.genuine)

    def finish(self) -> list[Any]:
        if self.genuine:
            return []
        self.begun += 1
        self.go.wait(120)
        raise BadSignature("at last")


def test_only_so_many_may_wait_to_be_verified(inbox, monkeypatch) -> None:
    source = Blocking()
    monkeypatch.setattr("webhooks.inbox.ingest.find", lambda _slug: source)
    most = verifying.THREADS + verifying.MOST_WAITING

    async def flood() -> list[int]:
        exchanges = [Exchange(b"{}", [], "x", 1 << 16) for _ in range(most + 20)]
        ingest = Ingest(inbox)
        tasks = [asyncio.create_task(ingest(item.scope, item.receive, item.send)) for item in exchanges]
        while sum(task.done() for task in tasks) < 20:
            await asyncio.sleep(0.005)
        assert source.begun <= verifying.THREADS
        source.go.set()
        await asyncio.gather(*tasks)
        return sorted(item.status for item in exchanges)

    started = time.monotonic()
    assert asyncio.run(flood()) == [400] * most + [429] * 20
    assert time.monotonic() - started < 60
    assert asyncio.run(flood_again(inbox)) == 400, "places are given back"


def test_what_is_genuine_is_read_while_forgeries_take_all_places(inbox, monkeypatch) -> None:
    forged, genuine = Blocking(), Blocking(genuine=True)
    monkeypatch.setattr("webhooks.inbox.ingest.find", lambda slug: {"x": forged, "y": genuine}[slug])

    async def both() -> int:
        ingest = Ingest(inbox)
        many = [Exchange(b"{}", [], "x", 1 << 16) for _ in range(verifying.THREADS + verifying.MOST_WAITING + 1)]
        tasks = [asyncio.create_task(ingest(item.scope, item.receive, item.send)) for item in many]
        while not any(task.done() for task in tasks):
            await asyncio.sleep(0.005)
        batch = Exchange(b"[]", [], "y", 1 << 16)
        await ingest(batch.scope, batch.receive, batch.send)
        forged.go.set()
        await asyncio.gather(*tasks)
        return batch.status

    assert asyncio.run(both()) == 200


async def flood_again(inbox: Inbox) -> int:
    one = Exchange(b"{}", [], "x", 1 << 16)
    await Ingest(inbox)(one.scope, one.receive, one.send)
    return one.status


def test_slacks_challenge_is_answered_in_its_words_and_nothing_is_stored(inbox) -> None:
    body, headers = sent("slack", payload=b'{"type": "url_verification", "challenge": "3eZbrw1a"}')
    answer = post(inbox, body, headers, slug="slack")
    assert (answer.status, answer.body) == (200, b"3eZbrw1a")
    assert answer.headers[b"content-type"] == b"text/plain; charset=utf-8"
    assert post(inbox, body + b" ", headers, slug="slack").status == 400
    assert not Delivery.objects.exists()


def test_a_copied_body_under_another_id_is_kept_and_is_no_second_event(inbox) -> None:
    for delivery in ("d-1", "d-2"):
        assert post(inbox, *sent("github", "push", delivery=delivery)).status == 200
    drain()
    assert list(Delivery.objects.values_list("state", flat=True)) == ["handled", "handled"]
    assert OutboxEvent.objects.filter(name="repository.pushed").count() == 1


def test_two_pushes_that_differ_in_anything_are_two_events(inbox) -> None:
    push = sample("github", "push")
    for delivery in ("d-1", "d-2"):
        body = json.dumps({**push, "repository": {**push["repository"], "pushed_at": delivery}}).encode()
        post(inbox, *sent("github", "push", body, delivery))
    drain()
    assert OutboxEvent.objects.filter(name="repository.pushed").count() == 2


def test_a_question_from_a_vendor_is_answered_in_processing(inbox, sandbox) -> None:
    assert post(inbox, *sent("ses", "SubscriptionConfirmation"), slug="ses").status == 200
    assert sandbox.control("GET", "/ses/subscriptions") == []
    drain()
    assert Delivery.objects.get().state == "handled"
    assert len(sandbox.control("GET", "/ses/subscriptions")) == 1
