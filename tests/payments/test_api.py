"""Buying, for programs: today's prices, and a checkout that can be sent again until it leads somewhere."""

import pytest
from rest_framework.test import APIClient

from integrations.errors import Permanent
from payments.models import Order, PaymentAttempt, Product
from tests.payments.browsing import HOSTED
from webhooks.models import OutboxEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(person, cable):
    client = APIClient()
    client.force_authenticate(person)
    client.post("/api/v1/cart/items", {"product": "cable", "quantity": 2}, format="json")
    return client


def check_out(api, key="", **agreed):
    headers = {"Idempotency-Key": key} if key else {}
    return api.post("/api/v1/checkout", {"provider": "stripe", **agreed}, format="json", headers=headers)


def test_the_cart_shows_todays_price_and_that_it_has_changed(api):
    before = api.get("/api/v1/cart").json()["items"][0]
    assert (before["unit_amount"], before["seen_amount"], before["changed"]) == (1900, 1900, False)
    Product.objects.update(amount=2100)
    cart = api.get("/api/v1/cart").json()
    item = cart["items"][0]
    assert (item["unit_amount"], item["seen_amount"], item["changed"], item["amount"]) == (2100, 1900, True, 4200)
    assert cart["total"] == {"amount": 4200, "currency": "EUR"}


def test_a_changed_price_is_paid_once_the_new_total_is_agreed_to(api, gateway):
    Product.objects.update(amount=2100)
    refused = check_out(api)
    assert (refused.status_code, refused.json()["code"]) == (409, "price_changed")
    assert refused.json()["changes"][0]["new"] == 2100
    assert not Order.objects.exists()
    agreed = check_out(api, total=refused.json()["total"]["amount"])
    assert agreed.status_code == 201
    assert agreed.json()["order"]["total"] == {"amount": 4200, "currency": "EUR"}
    assert agreed.json()["order"]["lines"][0]["unit_amount"] == 2100


@pytest.mark.parametrize("total", [3799, 1900, 0])
def test_agreeing_to_another_total_than_todays_orders_nothing(api, gateway, total):
    refused = check_out(api, total=total)
    assert (refused.status_code, refused.json()["code"]) == (409, "price_changed")
    assert refused.json()["total"] == {"amount": 3800, "currency": "EUR"}
    assert not Order.objects.exists()


def test_a_refused_checkout_sent_again_is_a_new_try_to_pay_the_same_order(api, gateway):
    gateway.failure = Permanent("no such price")
    refused = check_out(api, "k-1")
    assert (refused.status_code, refused.json()["code"]) == (502, "vendor_refused")
    gateway.failure = None
    again = check_out(api, "k-1")
    assert again.status_code == 201
    assert again.json()["payment"]["redirect_url"] == HOSTED
    assert again.json()["order"]["number"] == Order.objects.get().number
    assert again.json()["order"]["status"] == Order.objects.get().status == "awaiting_payment"
    first, second = PaymentAttempt.objects.all()
    assert (first.status, second.status) == ("failed", "pending")
    assert first.key != second.key


def test_a_checkout_that_is_refused_again_says_so_again(api, gateway):
    gateway.failure = Permanent("no such price")
    assert [check_out(api, "k-1").status_code for _ in range(3)] == [502, 502, 502]
    assert Order.objects.count() == 1


def test_an_order_whose_payment_was_refused_says_so_and_can_still_be_paid(api, gateway):
    gateway.failure = Permanent("sk_test_secret is not valid")
    check_out(api)
    order = Order.objects.get()
    assert (order.status, order.payable) == ("payment_failed", True)
    told = OutboxEvent.objects.get(name="order.payment_failed")
    assert "sk_test" not in str(told.data)


def test_an_unreadable_body_starts_no_payment(api, order, gateway):
    path = f"/api/v1/orders/{order.pk}/payments"
    for body, status in ((b"{", 400), (b"[]", 400), (b"{}", 201), (b"", 201)):
        assert api.generic("POST", path, body, "application/json").status_code == status, body
