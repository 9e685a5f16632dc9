"""What the sandbox sends: signed as the vendor signs, in the vendor's order of retries, or badly on request."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import stripe

from integrations.contract import Inbound
from integrations.registry import all_providers
from tests.peers import Receiver
from tests.sandbox.conftest import VERSION

SECRET = "whsec_patchbay_sandbox"
DAY = 24 * 3600


def kinds(requests):
    return [json.loads(request.body)["type"] for request in requests]


def received(request, slug="stripe"):
    """What our own plug-in makes of it."""
    inbound = Inbound(body=request.body, headers=request.headers, now=datetime.now(UTC))
    return all_providers()[slug].receive(inbound)


def test_a_success_is_told_in_four_events(session, receiver, pay):
    pay(session)
    events = receiver.take(4)
    assert sorted(kinds(events)) == [
        "charge.succeeded",
        "checkout.session.completed",
        "payment_intent.created",
        "payment_intent.succeeded",
    ]
    assert {event.path for event in events} == {"/webhooks/stripe"}
    assert receiver.is_quiet()


def test_a_decline_is_told_in_three_events(session, receiver, pay):
    pay(session, card="4000000000000002")
    wanted = ["charge.failed", "payment_intent.created", "payment_intent.payment_failed"]
    assert sorted(kinds(receiver.take(3))) == wanted


def test_3d_secure_is_told_when_it_is_asked_for(session, receiver, sandbox):
    sandbox.ask("POST", session.url.removeprefix(sandbox.url), data={"card": "4000002500003155"})
    assert sorted(kinds(receiver.take(2))) == ["payment_intent.created", "payment_intent.requires_action"]


def test_an_expiry_is_told_with_the_request_behind_it(client, session, receiver):
    client.v1.checkout.sessions.expire(session.id, None, {"idempotency_key": "key-1"})
    event = json.loads(receiver.take()[0].body)
    assert event["type"] == "checkout.session.expired"
    assert event["request"]["idempotency_key"] == "key-1"
    assert event["request"]["id"].startswith("req_")


def test_the_sdk_and_our_plug_in_accept_every_signature(session, receiver, pay):
    pay(session)
    for request in receiver.take(4):
        event = stripe.Webhook.construct_event(request.body, request.headers["stripe-signature"], SECRET)
        assert (event.api_version, event.livemode, event.pending_webhooks) == (VERSION, False, 1)
        assert [delivery.external_id for delivery in received(request)] == [event.id]


def test_an_event_shows_its_object_as_it_was(session, receiver, pay):
    pay(session)
    events = {event["type"]: event["data"]["object"] for event in map(json.loads, (r.body for r in receiver.take(4)))}
    assert events["payment_intent.created"]["status"] == "requires_payment_method"
    assert events["payment_intent.succeeded"]["status"] == "succeeded"


def test_an_event_that_was_sent_is_the_one_that_is_fetched(client, session, receiver, pay):
    pay(session, card="4000000000000002")
    pay(session)
    for event in map(json.loads, (request.body for request in receiver.take(6))):
        assert client.v1.events.retrieve(event["id"]).to_dict(for_json=True) == event


def test_a_refused_event_comes_again_by_stripes_rule(session, receiver, sandbox, pay):
    pay(session, card="4000000000000002")
    receiver.take(3)
    receiver.statuses = [500, 302] * 20
    pay(session)
    first = receiver.take(3)
    gaps = [timedelta(minutes=5), timedelta(minutes=30), *(timedelta(hours=h) for h in (2, 5, 10, 12, 12, 12, 12))]
    for gap in gaps:
        sandbox.control("POST", "/clock", {"advance": gap.total_seconds() - 20})
        assert receiver.is_quiet(0.1)
        sandbox.control("POST", "/clock", {"advance": 20})
        again = receiver.take(3)
        assert {json.loads(one.body)["id"] for one in again} == {json.loads(one.body)["id"] for one in first}
        assert all(received(one) for one in again)
    sandbox.control("POST", "/clock", {"advance": 7 * DAY})
    assert receiver.is_quiet()
    states = [parcel["state"] for parcel in sandbox.control("GET", "/webhooks?provider=stripe")]
    assert states == ["delivered"] * 3 + ["given_up"] * 3


def test_an_event_is_acknowledged_once_and_never_sent_again(session, receiver, sandbox, pay):
    receiver.statuses = [503, 503, 503, 503]
    pay(session)
    receiver.take(4)
    sandbox.control("POST", "/clock", {"advance": 300})
    receiver.take(4)
    sandbox.control("POST", "/clock", {"advance": 5 * DAY})
    assert receiver.is_quiet()


def test_a_receiver_that_is_not_there_is_tried_again(session, sandbox, pay, settings):
    pay(session)
    with Receiver() as receiver:
        settings.PATCHBAY_URL = receiver.url
        sandbox.control("POST", "/clock", {"advance": 300})
        assert len(receiver.take(4)) == 4


def test_dropped_events_are_never_sent_but_still_listed(client, session, receiver, sandbox, pay):
    sandbox.control("POST", "/webhooks", {"provider": "stripe", "drop": 1})
    pay(session)
    sandbox.control("POST", "/clock", {"advance": 5 * DAY})
    assert receiver.is_quiet()
    assert len(client.v1.events.list({"delivery_success": False}).data) == 4


def test_every_event_can_be_sent_twice(session, receiver, sandbox, pay):
    sandbox.control("POST", "/webhooks", {"provider": "stripe", "duplicate": 1})
    pay(session)
    ids = [json.loads(request.body)["id"] for request in receiver.take(8)]
    assert len(set(ids)) == 4
    assert receiver.is_quiet()


def test_events_can_come_in_a_wrong_order(session, receiver, sandbox, pay):
    sandbox.control("POST", "/webhooks", {"provider": "stripe", "shuffle": True})
    pay(session)
    written = ["payment_intent.created", "payment_intent.succeeded", "charge.succeeded", "checkout.session.completed"]
    came = kinds(receiver.take(4))
    assert came != written
    assert sorted(came) == sorted(written)


def test_events_that_came_in_a_wrong_order_are_tried_again_as_well(session, receiver, sandbox, pay):
    sandbox.control("POST", "/webhooks", {"provider": "stripe", "shuffle": True})
    receiver.statuses = [500] * 4
    pay(session)
    receiver.take(4)
    sandbox.control("POST", "/clock", {"advance": 300})
    assert len(receiver.take(4)) == 4


def test_events_can_be_late(session, receiver, sandbox, pay):
    sandbox.control("POST", "/webhooks", {"provider": "stripe", "delay": 600})
    pay(session)
    sandbox.control("POST", "/clock", {"advance": 580})
    assert receiver.is_quiet(0.1)
    sandbox.control("POST", "/clock", {"advance": 20})
    assert len(receiver.take(4)) == 4


@pytest.mark.parametrize(
    ("slug", "kind"), [("github", "push"), ("github", "ping"), ("stripe", "payment_intent.succeeded")]
)
def test_a_sample_can_be_sent(receiver, sandbox, slug, kind):
    sandbox.control("POST", "/send", {"provider": slug, "kind": kind})
    request = receiver.take()[0]
    assert request.path == f"/webhooks/{slug}"
    assert [delivery.kind for delivery in received(request, slug)] == [kind]


def test_a_sample_is_another_event_every_time(receiver, sandbox):
    for _ in range(2):
        sandbox.control("POST", "/send", {"provider": "github", "kind": "push"})
    one, other = (received(request, "github")[0].external_id for request in receiver.take(2))
    assert one != other


def test_github_tries_once(receiver, sandbox):
    receiver.statuses = [500]
    sandbox.control("POST", "/send", {"provider": "github", "kind": "push"})
    receiver.take()
    sandbox.control("POST", "/clock", {"advance": 5 * DAY})
    assert receiver.is_quiet()
