"""Stripe's API in the sandbox, driven by Stripe's own SDK."""

import pytest
import stripe

from tests.sandbox.conftest import KEY, stripe_client, wish

PRICE = {"currency": "eur", "unit_amount": 1900, "product_data": {"name": "Patch cord"}}


def test_a_session_is_opened_and_read_back(client, sandbox):
    opened = client.v1.checkout.sessions.create(wish())
    assert opened.id.startswith("cs_test_")
    assert opened.url == f"{sandbox.url}/stripe/pay/{opened.id}"
    assert (opened.amount_total, opened.currency, opened.status, opened.payment_status) == (
        3800,
        "eur",
        "open",
        "unpaid",
    )
    assert opened.expires_at - opened.created == 24 * 3600
    assert client.v1.checkout.sessions.retrieve(opened.id) == opened


def test_a_session_has_no_payment_before_the_first_card(session, client, pay):
    assert session.payment_intent is None
    pay(session, card="4000000000000002")
    assert client.v1.checkout.sessions.retrieve(session.id).payment_intent.startswith("pi_")


def test_a_card_that_pays_completes_the_session(session, client, pay):
    assert pay(session)["status"] == "succeeded"
    paid = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent.latest_charge"]})
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert (paid.payment_intent.status, paid.payment_intent.amount_received) == ("succeeded", 3800)
    assert paid.payment_intent.metadata["attempt"] == "attempt-1"
    assert paid.payment_intent.latest_charge.paid


@pytest.mark.parametrize(
    ("card", "code", "words"),
    [
        ("4000000000000002", "generic_decline", "Your card was declined."),
        ("4000 0000 0000 9995", "insufficient_funds", "Your card has insufficient funds."),
    ],
)
def test_a_declined_card_leaves_the_session_open_with_the_reason(session, client, pay, card, code, words):
    outcome = pay(session, card=card)
    assert (outcome["session"], outcome["status"], outcome["error"]) == ("open", "requires_payment_method", words)
    intent = client.v1.payment_intents.retrieve(outcome["payment_intent"])
    assert intent.last_payment_error.decline_code == code
    assert intent.amount_received == 0
    assert client.v1.charges.retrieve(intent.latest_charge).status == "failed"


@pytest.mark.parametrize("card", ["4000002500003155", "4000002760003184"])
def test_3d_secure_pays_when_the_person_agrees_and_not_when_they_refuse(session, pay, card):
    refused = pay(session, card=card, authenticate=False)
    assert refused["session"] == "open"
    assert "unable to authenticate" in refused["error"]
    assert pay(session, card=card)["session"] == "complete"


def test_a_second_try_uses_the_same_payment(session, pay):
    declined = pay(session, card="4000000000000002")
    assert pay(session)["payment_intent"] == declined["payment_intent"]


@pytest.mark.parametrize(
    ("parameters", "code", "param"),
    [
        (wish(colour="green"), "parameter_unknown", "colour"),
        (wish(metadata="green"), "parameter_invalid_hash", "metadata"),
        (
            wish(line_items=[{"price_data": {"unit_amount": 5}}]),
            "parameter_missing",
            "line_items[0][price_data][currency]",
        ),
        (wish(line_items=[]), "parameter_missing", "line_items"),
        (wish(success_url=""), "parameter_missing", "success_url"),
        (wish(mode="barter"), "parameter_invalid", "mode"),
        (wish(expires_at="soon"), "parameter_invalid_integer", "expires_at"),
        (wish(expires_at=5), "parameter_invalid", "expires_at"),
        (wish(discounts=[{"coupon": "x"}]), "sandbox_not_simulated", "discounts"),
        (wish(mode="subscription"), "sandbox_not_simulated", "mode"),
        (
            wish(line_items=[{"price_data": {**PRICE, "recurring": {"interval": "month"}}}]),
            "sandbox_not_simulated",
            "line_items[0][price_data][recurring]",
        ),
        (wish(line_items=[{"price": "price_1"}]), "resource_missing", "line_items[0][price]"),
        (
            wish(line_items=[{"price_data": PRICE}, {"price_data": {**PRICE, "currency": "usd"}}]),
            "parameter_invalid",
            "line_items",
        ),
    ],
)
def test_bad_parameters_are_refused_by_name(client, parameters, code, param):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.checkout.sessions.create(parameters)
    assert (refused.value.code, refused.value.param) == (code, param)
    assert refused.value.http_status in (400, 404)


@pytest.mark.parametrize("amount", [0, -1, "10.5", "many", "1_000", " 1", "٣", "9" * 30])
def test_an_amount_is_a_positive_integer(client, amount):
    price = {**PRICE, "unit_amount": amount}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.checkout.sessions.create(wish(line_items=[{"quantity": 1, "price_data": price}]))
    assert refused.value.code == "parameter_invalid_integer"
    assert refused.value.param == "line_items[0][price_data][unit_amount]"


@pytest.mark.parametrize("key", ["sk_test_somebody_elses", "é"])
def test_another_key_is_refused(sandbox, key):
    answer = sandbox.ask("GET", "/stripe/v1/balance", headers={"Authorization": f"Bearer {key}".encode()})
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_the_sdk_calls_a_refused_key_an_authentication_error(sandbox):
    with pytest.raises(stripe.AuthenticationError):
        stripe_client(sandbox, "sk_test_somebody_elses").v1.balance.retrieve()


def test_basic_authentication_works_as_well(sandbox):
    assert sandbox.ask("GET", "/stripe/v1/balance", auth=(KEY, "")).status_code == 200
    assert sandbox.ask("GET", "/stripe/v1/balance", headers={"Authorization": "Basic ==="}).status_code == 401


def test_what_does_not_exist_is_a_404_in_stripes_shape(client, sandbox):
    for ask in (client.v1.checkout.sessions.retrieve, client.v1.payment_intents.retrieve, client.v1.events.retrieve):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            ask("xx_unknown")
        assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")
    answer = sandbox.ask("POST", "/stripe/v1/unicorns", headers={"Authorization": f"Bearer {KEY}"})
    assert "Unrecognized request URL (POST: /v1/unicorns)" in answer.json()["error"]["message"]


def test_a_session_expires_by_hand_and_only_while_it_is_open(client, session):
    assert client.v1.checkout.sessions.expire(session.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.expire(session.id)


def test_an_expired_session_cannot_be_paid(client, session, sandbox):
    client.v1.checkout.sessions.expire(session.id)
    answer = sandbox.ask("POST", f"/_control/stripe/checkout/{session.id}/pay", json={})
    assert (answer.status_code, answer.json()) == (409, {"error": "This checkout session has expired."})


def test_a_session_that_nobody_pays_expires_after_a_day(client, session, sandbox, pay):
    outcome = pay(session, card="4000000000000002")
    sandbox.control("POST", "/clock", {"advance": 24 * 3600 + 1})
    assert client.v1.checkout.sessions.retrieve(session.id).status == "expired"
    assert client.v1.payment_intents.retrieve(outcome["payment_intent"]).status == "canceled"


def test_lists_are_paged_newest_first(client):
    made = [client.v1.checkout.sessions.create(wish()).id for _ in range(3)]
    first = client.v1.checkout.sessions.list({"limit": 2})
    assert ([item.id for item in first.data], first.has_more) == (made[:0:-1], True)
    assert [item.id for item in first.auto_paging_iter()] == made[::-1]


def test_events_are_listed_by_type_and_by_delivery(client, session, pay):
    pay(session)
    assert [event.type for event in client.v1.events.list({"type": "charge.*"})] == ["charge.succeeded"]
    wanted = {"types": ["payment_intent.succeeded", "checkout.session.completed"]}
    assert [event.type for event in client.v1.events.list(wanted)] == wanted["types"][::-1]
    assert client.v1.events.list({"delivery_success": True}).data == []
    assert len(client.v1.events.list({"delivery_success": False, "created": {"gte": session.created}}).data) == 4


def test_refunds_never_exceed_the_charge(client, session, pay):
    intent = pay(session)["payment_intent"]
    assert client.v1.refunds.create({"payment_intent": intent, "amount": 800}).amount == 800
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": intent, "amount": 3001})
    assert client.v1.refunds.create({"payment_intent": intent}).amount == 3000
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"payment_intent": intent})
    assert refused.value.code == "charge_already_refunded"
    assert [refund.amount for refund in client.v1.refunds.list({"payment_intent": intent})] == [3000, 800]
    assert client.v1.balance.retrieve().available[0].amount == 0


def test_what_cannot_be_expanded_is_refused(client, session):
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        client.v1.checkout.sessions.retrieve(session.id, {"expand": ["colour"]})
