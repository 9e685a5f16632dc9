"""Idempotency keys as Stripe honours them."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import stripe

from tests.sandbox.conftest import KEY, wish

SESSIONS = "/stripe/v1/checkout/sessions"
GOOD = {
    "success_url": "http://shop.example/",
    "line_items[0][price_data][currency]": "eur",
    "line_items[0][price_data][unit_amount]": "1900",
    "line_items[0][price_data][product_data][name]": "Patch cord",
}


@pytest.fixture
def post(sandbox):
    headers = {"Authorization": f"Bearer {KEY}", "Idempotency-Key": "key-1"}
    return lambda form=GOOD, **more: sandbox.ask("POST", SESSIONS, data=form, headers={**headers, **more})


def count(client):
    return len(client.v1.checkout.sessions.list({"limit": 100}).data)


def test_the_same_key_gives_the_first_answer_again(post, client):
    first, second = post(), post()
    assert first.content == second.content
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert second.headers["original-request"] == first.headers["request-id"] != second.headers["request-id"]
    assert count(client) == 1


def test_the_same_key_with_other_parameters_is_refused(client):
    client.v1.checkout.sessions.create(wish(), {"idempotency_key": "key-1"})
    with pytest.raises(stripe.IdempotencyError) as refused:
        client.v1.checkout.sessions.create(wish(customer_email="bob@example.com"), {"idempotency_key": "key-1"})
    assert refused.value.http_status == 400


def test_the_same_key_at_another_address_is_refused(client, session):
    client.v1.checkout.sessions.create(wish(), {"idempotency_key": "key-1"})
    with pytest.raises(stripe.IdempotencyError):
        client.v1.checkout.sessions.expire(session.id, None, {"idempotency_key": "key-1"})


def test_a_second_request_while_the_first_is_running_is_a_409(post, sandbox, client):
    sandbox.control("POST", "/faults", {"provider": "stripe", "match": "POST /v1/checkout", "fault": "slow:0.5"})
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: post(), range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    conflict = next(answer for answer in answers if answer.status_code == 409)
    assert conflict.json()["error"]["code"] == "idempotency_key_in_use"
    assert post().status_code == 200
    assert count(client) == 1


def test_a_500_is_kept_and_given_again(post, sandbox, client):
    sandbox.control("POST", "/faults", {"provider": "stripe", "match": "POST /v1/checkout", "fault": "status:500"})
    answers = [post(), post()]
    assert [answer.status_code for answer in answers] == [500, 500]
    assert answers[1].headers["idempotent-replayed"] == "true"
    assert post(**{"Idempotency-Key": "key-2"}).status_code == 200
    assert count(client) == 1


@pytest.mark.parametrize("fault", ["status:503", "429:1"])
def test_what_never_reached_the_work_leaves_no_key_behind(post, sandbox, fault):
    sandbox.control("POST", "/faults", {"provider": "stripe", "match": "POST /v1/checkout", "fault": fault})
    assert post().status_code in (503, 429)
    assert post().status_code == 200


def test_a_refused_request_leaves_no_key_behind(post):
    assert post({**GOOD, "colour": "green"}).status_code == 400
    assert post().status_code == 200


def test_a_key_is_forgotten_after_a_day(post, sandbox, client):
    first = post().json()["id"]
    sandbox.control("POST", "/clock", {"advance": 24 * 3600 - 60})
    assert post().json()["id"] == first
    sandbox.control("POST", "/clock", {"advance": 61})
    assert post().json()["id"] != first


def test_a_key_too_long_is_refused(post):
    assert post(**{"Idempotency-Key": "k" * 256}).status_code == 400


def test_a_reply_that_was_dropped_is_found_by_its_key(client, sandbox):
    sandbox.control("POST", "/faults", {"provider": "stripe", "match": "POST *", "fault": "drop_reply"})
    with pytest.raises(stripe.APIConnectionError):
        client.v1.checkout.sessions.create(wish(), {"idempotency_key": "key-1"})
    made = client.v1.checkout.sessions.create(wish(), {"idempotency_key": "key-1"})
    assert [item.id for item in client.v1.checkout.sessions.list()] == [made.id]
