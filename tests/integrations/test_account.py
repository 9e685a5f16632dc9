"""What vendors say of our account: read from the sandbox, from memory while they are down, marked when old."""

import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import RequestFactory
from structlog.testing import capture_logs

from config.context import patchbay
from config.middleware import mark_stale
from integrations.account import account_of
from integrations.errors import CircuitOpen, NotConfigured, Permanent, Retryable, Unauthorized
from integrations.http import lastgood
from integrations.http.states import Mode, State
from integrations.money import display
from integrations.registry import all_providers
from tests.integrations.vendor import nobody

pytestmark = pytest.mark.usefixtures("forgetful")


@pytest.fixture
def down(monkeypatch):
    """Called, the vendor is gone."""
    return lambda slug="STRIPE": monkeypatch.setenv(f"{slug}_API_URL", nobody())


BALANCE = {
    "object": "balance",
    "livemode": False,
    "available": [{"amount": 123_456, "currency": "eur"}, {"amount": 500, "currency": "jpy"}],
    "pending": [{"amount": -1, "currency": "eur"}],
}
ROWS = (("Available in EUR", "€1,234.56"), ("Available in JPY", "¥500"), ("Pending in EUR", "-€0.01"))


@pytest.fixture
def stripe(vendor, monkeypatch):
    monkeypatch.setenv("STRIPE_API_URL", vendor.url)
    return vendor.answers(BALANCE, headers={"Content-Type": "application/json"})


def test_stripes_balance_in_words_for_people(stripe):
    assert account_of("stripe").rows == ROWS
    assert stripe.asked == [("GET", "/v1/balance")]


def test_the_sandbox_says_the_balance_that_its_sales_left(sandbox):
    assert account_of("stripe").rows == ()
    session = sandbox.ask(
        "POST", "/stripe/v1/checkout/sessions",
        data={
            "mode": "payment", "success_url": "http://x.example", "line_items[0][quantity]": "1",
            "line_items[0][price_data][currency]": "eur", "line_items[0][price_data][unit_amount]": "1900",
            "line_items[0][price_data][product_data][name]": "Mug",
        },
        headers={"Authorization": "Bearer sk_test_patchbay_sandbox"},
    ).json()  # fmt: skip
    sandbox.control("POST", f"/stripe/checkout/{session['id']}/pay", {"card": "4242424242424242"})
    cache.clear()
    assert account_of("stripe").rows == (("Available in EUR", display(1900, "EUR")),)


def test_sendgrids_key_says_how_much_it_may_do(sandbox):
    assert account_of("sendgrid").rows == (("Permissions of the key", "2"),)


def test_a_page_reloaded_within_the_minute_asks_nobody(stripe, later):
    account_of("stripe")
    later(seconds=59)
    assert account_of("stripe").rows == ROWS
    assert len(stripe.asked) == 1


def test_a_vendor_that_is_down_is_remembered_for_six_hours(stripe, down, later):
    account_of("stripe")
    down()
    later(minutes=5)
    remembered = account_of("stripe")
    assert (remembered.rows, round(remembered.age.total_seconds())) == (ROWS, 300)
    later(hours=6, seconds=1)
    with pytest.raises(Retryable):
        account_of("stripe")


def test_a_vendor_that_refuses_our_key_is_believed(stripe, later):
    account_of("stripe")
    stripe.answers({"error": {"type": "invalid_request_error", "message": "no"}}, status=401)
    later(minutes=5)
    with pytest.raises(Unauthorized):
        account_of("stripe")


def test_a_vendor_whose_circuit_is_open_is_not_asked(stripe, later, monkeypatch):
    account_of("stripe")
    later(minutes=5)
    held = SimpleNamespace(mode=Mode.OPEN, state=State.CLOSED)
    monkeypatch.setattr("integrations.account.state_of", lambda _slug: SimpleNamespace(look=lambda: held))
    with lastgood.collecting(), capture_logs() as lines:
        assert account_of("stripe").rows == ROWS
        assert lastgood.stale_vendors() == ["stripe"]
    assert (len(stripe.asked), lines) == (1, [])
    cache.clear()
    with pytest.raises(CircuitOpen):
        account_of("stripe")
    assert len(stripe.asked) == 1


def test_a_vendor_that_has_just_refused_is_not_asked_again_within_the_minute(stripe, later):
    account_of("stripe")
    stripe.answers({"error": {"type": "invalid_request_error", "message": "no"}}, status=401)
    later(minutes=5)
    with pytest.raises(Unauthorized):
        account_of("stripe")
    with pytest.raises(Permanent):
        account_of("stripe")
    assert len(stripe.asked) == 2


def test_a_vendor_that_did_not_answer_is_not_asked_again_within_the_minute(stripe, down, later):
    account_of("stripe")
    later(minutes=5)
    down()
    account_of("stripe")
    with capture_logs() as lines:
        assert account_of("stripe").rows == ROWS
    assert lines == []


@pytest.mark.parametrize("slug", ["github", "nobody"])
def test_who_tells_nothing_of_an_account_is_not_configured_for_it(slug):
    with pytest.raises(NotConfigured):
        account_of(slug)


def test_what_is_old_is_marked_in_header_and_page(stripe, down, later):
    page = mark_stale(
        lambda request: HttpResponse(account_of("stripe") and render_to_string("base.html", patchbay(request)))
    )
    fresh = page(RequestFactory().get("/"))
    assert not {"Age", "Warning", "X-Patchbay-Stale"} & set(fresh.headers)
    assert b'class="stale"' not in fresh.content

    down()
    later(minutes=5, seconds=3)
    old = page(RequestFactory().get("/"))
    assert old["Warning"] == '110 - "Response is Stale"'
    assert old["Age"] == old["X-Patchbay-Stale"]
    assert 300 <= int(old["Age"]) <= 310
    bar = re.search(r'<p class="stale" role="status">(.*?)</p>', old.content.decode())
    assert bar[1] == "Some of this is from 5 minutes ago: Stripe does not answer right now."


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "a moment ago"), (61, "a minute ago"), (3600, "an hour ago"), (7300, "2 hours ago")],
)
def test_the_sentence_says_how_long_ago_and_who(seconds, words, later):
    for slug in ("stripe", "sendgrid", "acme"):
        lastgood.remember(slug, "x", "t", "data")
    later(seconds=seconds)
    with lastgood.collecting():
        for slug in ("stripe", "sendgrid", "acme"):
            lastgood.known(slug, "x", "t", timedelta(days=1), _down)
        sentence = patchbay(RequestFactory().get("/"))["stale"]()
    assert sentence == f"Some of this is from {words}: acme, SendGrid and Stripe do not answer right now."


def _down():
    raise Retryable("down")


def test_every_page_and_answer_passes_the_marking(settings):
    assert "config.middleware.mark_stale" in settings.MIDDLEWARE
    assert all_providers()["stripe"].tells_account
