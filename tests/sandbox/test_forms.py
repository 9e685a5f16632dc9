"""Stripe's nested form parameters, and money as people read it."""

import pytest

from integrations.sandbox.money import display
from integrations.sandbox.stripe.errors import StripeError
from integrations.sandbox.stripe.forms import parse
from tests.sandbox.conftest import KEY


@pytest.mark.parametrize(
    ("text", "params"),
    [
        ("", {}),
        ("a=1&b=", {"a": "1", "b": ""}),
        ("a[b][c]=1&a[b][d]=2", {"a": {"b": {"c": "1", "d": "2"}}}),
        ("a[]=1&a[]=2", {"a": ["1", "2"]}),
        ("a[1]=y&a[0]=x", {"a": ["x", "y"]}),
        ("a[0][b]=1&a[0][c]=2&a[1][b]=3", {"a": [{"b": "1", "c": "2"}, {"b": "3"}]}),
        ("metadata[order]=10%2B1", {"metadata": {"order": "10+1"}}),
    ],
)
def test_brackets_become_nesting(text, params):
    assert parse(text) == params


@pytest.mark.parametrize("text", ["a=1&a[b]=2", "a[b]=1&a[b][c]=2", "a" + "[b]" * 50 + "=1"])
def test_what_cannot_be_nested_is_refused(text):
    with pytest.raises(StripeError):
        parse(text)


@pytest.mark.parametrize("body", [b"a[b]=1&a=2", b"\xff\xfe", b"&".join([b"a=1"] * 6000), b"[=1", b"[]=1"])
def test_no_body_makes_the_api_stumble(sandbox, body):
    answer = sandbox.ask("POST", "/stripe/v1/refunds", headers={"Authorization": f"Bearer {KEY}"}, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        (1900, "eur", "€19.00"),
        (5, "usd", "$0.05"),
        (123456789, "GBP", "£1,234,567.89"),
        (1900, "jpy", "¥1,900"),
        (1900, "chf", "CHF 19.00"),
        (1500, "kwd", "KWD 1.500"),
        (500, "isk", "ISK 5.00"),
    ],
)
def test_minor_units_are_shown_by_stripes_table(amount, currency, words):
    assert display(amount, currency) == words
