"""What the sandbox knows survives its restart, by the file it keeps."""

import json
from datetime import timedelta

import pytest

from integrations.sandbox.clock import Clock
from integrations.sandbox.store import LIMIT, Store
from tests.peers import SandboxPeer
from tests.sandbox.conftest import stripe_client, wish


@pytest.fixture
def file(tmp_path):
    return tmp_path / "var" / "sandbox.json"


def test_sessions_and_payments_are_remembered(file):
    with SandboxPeer(file) as peer:
        made = stripe_client(peer).v1.checkout.sessions.create(wish(), {"idempotency_key": "key-1"})
        paid = peer.control("POST", f"/stripe/checkout/{made.id}/pay")
    with SandboxPeer(file) as peer:
        client = stripe_client(peer)
        assert client.v1.checkout.sessions.retrieve(made.id).status == "complete"
        assert client.v1.payment_intents.retrieve(paid["payment_intent"]).amount_received == 3800
        assert client.v1.checkout.sessions.create(wish(), {"idempotency_key": "key-1"}).id == made.id
        assert len(client.v1.events.list().data) == 4


def test_what_was_not_delivered_is_tried_again_after_the_restart(file, settings, receiver):
    settings.PATCHBAY_URL = "http://127.0.0.1:9"
    with SandboxPeer(file) as peer:
        made = stripe_client(peer).v1.checkout.sessions.create(wish())
        peer.control("POST", f"/stripe/checkout/{made.id}/pay")
    settings.PATCHBAY_URL = receiver.url
    with SandboxPeer(file) as peer:
        peer.control("POST", "/clock", {"advance": 300})
        kinds = {json.loads(request.body)["type"] for request in receiver.take(4)}
    assert "checkout.session.completed" in kinds


def test_an_open_session_still_expires_after_the_restart(file):
    with SandboxPeer(file) as peer:
        made = stripe_client(peer).v1.checkout.sessions.create(wish())
        peer.control("POST", "/clock", {"advance": 23 * 3600})
    with SandboxPeer(file) as peer:
        assert peer.control("GET", "/clock")["ahead"] == 23 * 3600
        assert stripe_client(peer).v1.checkout.sessions.retrieve(made.id).status == "open"
        peer.control("POST", "/clock", {"advance": 3601})
        assert stripe_client(peer).v1.checkout.sessions.retrieve(made.id).status == "expired"


def test_a_reset_is_remembered_too(file):
    with SandboxPeer(file) as peer:
        made = stripe_client(peer).v1.checkout.sessions.create(wish())
        peer.control("POST", "/reset")
    with SandboxPeer(file) as peer:
        assert peer.ask("GET", made.url.partition("/stripe/")[1] + f"pay/{made.id}").status_code == 404
        assert stripe_client(peer).v1.checkout.sessions.list().data == []


def test_without_a_file_nothing_is_written(sandbox, session, tmp_path):
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_replaced_whole(file):
    store = Store(file)
    store.table("stripe", "things")["a"] = {"n": 1}
    store.save()
    assert not file.exists(), "nothing was said to have changed"
    store.changed()
    store.save()
    assert Store(file).table("stripe", "things") == {"a": {"n": 1}}
    assert [item.name for item in file.parent.iterdir()] == ["sandbox.json"]


def test_the_oldest_is_forgotten_when_there_are_too_many():
    table = Store().table("stripe", "things")
    for number in range(LIMIT + 2):
        table[str(number)] = {}
    assert len(table) == LIMIT
    assert "1" not in table
    assert str(LIMIT + 1) in table


def test_the_clock_runs_ahead_by_what_it_was_advanced():
    clock = Clock()
    before = clock.now()
    clock.advance(timedelta(days=1))
    assert timedelta(days=1) <= clock.now() - before < timedelta(days=1, minutes=1)
