"""The checkout: to the hosted page once, and in words when that cannot be."""

import re

import pytest

from integrations import registry
from integrations.errors import OutcomeUnknown
from payments.models import Order, Product
from tests.payments.browsing import HOSTED, put, text

pytestmark = pytest.mark.django_db


def test_checking_out_an_empty_cart_leads_back_to_it(signed_in):
    assert signed_in.get("/checkout")["Location"] == "/cart"


def test_paying_leads_to_the_hosted_page(signed_in, cable, gateway):
    put(signed_in, "2")
    response = signed_in.post("/checkout", {"provider": "stripe"})
    assert (response.status_code, response["Location"]) == (303, HOSTED)
    assert gateway.started[0].amount == 3800


def test_the_pay_button_pressed_twice_makes_one_order(signed_in, cable, gateway):
    put(signed_in)
    key = re.search(r'name="key" value="([^"]+)"', signed_in.get("/checkout").content.decode())[1]
    answers = [signed_in.post("/checkout", {"provider": "stripe", "key": key}) for _ in range(2)]
    assert [answer["Location"] for answer in answers] == [HOSTED, HOSTED]
    assert Order.objects.count() == 1


def test_an_old_checkout_page_leads_to_the_paid_order(signed_in, cable, gateway):
    put(signed_in)
    data = {"provider": "stripe", "key": "6f1c9b1e-7e0f-4d1e-9d55-0f3f4f9f7c11"}
    signed_in.post("/checkout", data)
    Order.objects.update(status=Order.Status.PAID)
    assert signed_in.post("/checkout", data)["Location"] == f"/orders/{Order.objects.get().number}"


def test_a_second_checkout_of_the_same_cart_leads_to_its_order(signed_in, cable, gateway):
    put(signed_in)
    signed_in.post("/checkout", {"provider": "stripe"})
    response = signed_in.post("/checkout", {"provider": "stripe"}, follow=True)
    assert response.redirect_chain[-1][0] == f"/orders/{Order.objects.get().number}"
    assert "You have checked out already" in text(response)


def test_a_way_of_paying_that_is_not_offered_is_refused(signed_in, cable):
    put(signed_in)
    response = signed_in.post("/checkout", {"provider": "barter"})
    assert response.status_code == 422
    assert "barter is not one of the available choices" in text(response)
    assert not Order.objects.exists()


def test_ways_of_paying_are_shown_only_when_there_is_a_choice(signed_in, cable, monkeypatch):
    put(signed_in)
    assert "How do you want to pay?" not in text(signed_in.get("/checkout"))
    monkeypatch.setattr(registry, "offering", lambda _kind: ["github", "stripe"])
    assert "How do you want to pay?" in text(signed_in.get("/checkout"))


def test_with_no_payment_service_there_is_no_button_but_a_sentence(signed_in, cable, monkeypatch):
    put(signed_in)
    monkeypatch.setattr(registry, "offering", lambda _kind: [])
    assert "No payment service is set up here yet" in text(signed_in.get("/checkout"))


def test_a_changed_price_is_shown_and_must_be_agreed_to(signed_in, cable, gateway):
    put(signed_in)
    Product.objects.update(amount=2100)
    refused = signed_in.post("/checkout", {"provider": "stripe"}, follow=True)
    assert "A price has changed" in text(refused)
    assert "€19.00 → €21.00" in text(refused)
    assert "Agree and pay €21.00" in text(refused)
    assert not Order.objects.exists()
    agreed = signed_in.post("/checkout", {"provider": "stripe", "total": "2100"})
    assert agreed["Location"] == HOSTED
    assert Order.objects.get().total_amount == 2100


def test_agreeing_to_a_total_that_changed_again_orders_nothing(signed_in, cable, gateway):
    put(signed_in)
    Product.objects.update(amount=2500)
    response = signed_in.post("/checkout", {"provider": "stripe", "total": "2100"}, follow=True)
    assert "The total has just changed" in text(response)
    assert "Agree and pay €25.00" in text(response)
    assert not Order.objects.exists()


def test_a_silent_payment_service_keeps_the_order_and_says_so(signed_in, cable, gateway):
    put(signed_in)
    gateway.failure = OutcomeUnknown("no answer")
    response = signed_in.post("/checkout", {"provider": "stripe"}, follow=True)
    assert "The payment service does not answer" in text(response)
    assert "Continue to payment" in text(response)
    gateway.failure = None
    again = signed_in.post(f"/orders/{Order.objects.get().number}/pay")
    assert (again.status_code, again["Location"]) == (303, HOSTED)
