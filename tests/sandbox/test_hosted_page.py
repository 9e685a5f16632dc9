"""The hosted page, walked through by plain HTTP as a browser without scripts does."""

import re

import pytest

from tests.sandbox.conftest import wish

SUCCESS = "4242424242424242"


@pytest.fixture
def page(session, sandbox):
    return session.url.removeprefix(sandbox.url)


@pytest.fixture
def submit(sandbox, page):
    return lambda path="", **form: sandbox.ask("POST", page + path, data=form)


def test_the_page_says_what_is_paid(sandbox, page):
    shown = sandbox.ask("GET", page)
    assert shown.status_code == 200
    for words in (
        "Patch cord",
        "2 × €19.00",
        "€38.00",
        "ada@example.com",
        "No money moves",
        "http://shop.example/cart",
    ):
        assert words in shown.text


def test_the_page_is_strict_and_loads_nothing_from_elsewhere(sandbox, page):
    shown = sandbox.ask("GET", page)
    policy = shown.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "form-action 'self' http://shop.example" in policy
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", shown.text)
    loaded = re.findall(r'<link[^>]+href="([^"]+)"', shown.text)
    assert loaded
    assert all(sandbox.ask("GET", address).status_code == 200 for address in loaded)


def test_paying_leads_back_to_the_shop(submit, session):
    answer = submit(card=SUCCESS)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"http://shop.example/orders/1?session={session.id}"


@pytest.mark.parametrize(
    ("card", "words"),
    [("4000000000000002", "Your card was declined."), ("4000000000009995", "Your card has insufficient funds.")],
)
def test_a_decline_shows_the_page_again_with_the_reason(submit, sandbox, page, card, words):
    answer = submit(card=card)
    assert (answer.status_code, answer.headers["location"]) == (303, page)
    assert words in sandbox.ask("GET", page).text
    assert submit(card=SUCCESS).headers["location"].startswith("http://shop.example/orders/1")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("1234", "Your card number is invalid."),
        ("4242424242424241", "Your card number is invalid."),
        ("²²²²²²²²²²²²²²²²", "Your card number is invalid."),
        ("4012888888881881", "used a non test card"),
    ],
)
def test_what_is_no_test_card_is_refused_without_a_payment(submit, client, session, number, words):
    answer = submit(number=number, card=SUCCESS)
    assert answer.status_code == 402
    assert words in answer.text
    assert client.v1.checkout.sessions.retrieve(session.id).payment_intent is None


def test_nothing_chosen_is_refused_in_words(submit):
    assert "Your card number is invalid." in submit().text


def test_3d_secure_asks_and_then_pays(submit, sandbox, page):
    assert submit(card="4000002500003155").headers["location"] == f"{page}/authenticate"
    assert "Is this payment yours?" in sandbox.ask("GET", f"{page}/authenticate").text
    assert submit("/authenticate", outcome="complete").headers["location"].startswith("http://shop.example/orders/1")


def test_3d_secure_that_fails_leads_back_to_the_page(submit, sandbox, page):
    submit(number="4000 0027 6000 3184")
    assert submit("/authenticate", outcome="fail").headers["location"] == page
    assert "We are unable to authenticate your payment method" in sandbox.ask("GET", page).text


def test_the_bank_asks_nobody_who_has_not_been_sent_to_it(submit, sandbox, page):
    assert sandbox.ask("GET", f"{page}/authenticate").headers["location"] == page
    assert submit("/authenticate", outcome="complete").headers["location"] == page


def test_a_paid_session_says_so_and_takes_no_second_card(submit, sandbox, page):
    submit(card=SUCCESS)
    assert "already made" in sandbox.ask("GET", page).text
    assert "already made" in sandbox.ask("GET", f"{page}/authenticate").text
    again = submit(card=SUCCESS)
    assert again.status_code == 409
    assert "already made" in again.text


def test_an_expired_session_says_so(client, session, sandbox, page):
    client.v1.checkout.sessions.expire(session.id)
    assert "has expired" in sandbox.ask("GET", page).text


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("step", ["", "/authenticate"])
def test_an_unknown_session_is_a_page_in_words(sandbox, method, step):
    answer = sandbox.ask(method, f"/stripe/pay/cs_test_nobodys{step}")
    assert answer.status_code == 404
    assert "There is no such checkout" in answer.text


def test_names_are_shown_and_never_run(client, sandbox):
    price = {"currency": "jpy", "unit_amount": 1900, "product_data": {"name": "<script>x</script>"}}
    session = client.v1.checkout.sessions.create(wish(line_items=[{"quantity": 1, "price_data": price}]))
    shown = sandbox.ask("GET", session.url.removeprefix(sandbox.url)).text
    assert "&lt;script&gt;" in shown
    assert "¥1,900" in shown
