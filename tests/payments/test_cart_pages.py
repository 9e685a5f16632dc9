"""The cart's pages, as a guest's browser asks for them."""

import pytest
from django.test import Client

from payments.models import CartItem, Product
from tests.payments.browsing import put, text

pytestmark = pytest.mark.django_db


def test_an_empty_cart_leads_to_the_catalogue(client):
    response = client.get("/cart")
    assert "Your cart is empty" in text(response)
    assert "See the catalogue" in text(response)


def test_looking_at_pages_makes_no_session(client, cable):
    for path in ("/", "/cart", "/products/cable"):
        assert "sessionid" not in client.get(path).cookies


def test_a_guest_fills_a_cart(client, cable):
    response = put(client, "2")
    assert "Cable is in your cart." in text(response)
    assert "€38.00" in text(response)
    assert "2 in it" in text(client.get("/"))


@pytest.mark.parametrize(
    ("quantity", "words"),
    [
        ("0", "Choose a quantity from 1 to 99."),
        ("1000000", "Choose a quantity from 1 to 99."),
        ("-1", "Choose a quantity from 1 to 99."),
        ("many", "Enter a whole number."),
        ("", "How many?"),
        ("9" * 5000, "Enter a whole number."),
    ],
)
def test_a_quantity_that_cannot_be_ordered_is_refused_beside_its_field(client, cable, quantity, words):
    response = put(client, quantity)
    assert response.status_code == 422
    assert words in text(response)
    assert 'aria-invalid="true"' in response.content.decode()


@pytest.mark.parametrize("product", ["nothing", "a\x00b", "", "../x"])
def test_a_product_nobody_sells_is_a_page_in_words(client, cable, product):
    response = put(client, product=product)
    assert response.status_code == 404
    assert "This cord leads nowhere" in text(response)


def test_a_quantity_in_the_cart_is_changed(client, cable):
    put(client)
    client.post(f"/cart/items/{CartItem.objects.get().pk}", {"quantity": "3"})
    assert CartItem.objects.get().quantity == 3


def test_a_bad_quantity_in_the_cart_is_refused_beside_its_field(client, cable):
    put(client)
    response = client.post(f"/cart/items/{CartItem.objects.get().pk}", {"quantity": "100"})
    assert response.status_code == 422
    assert "Choose a quantity from 1 to 99." in text(response)
    assert CartItem.objects.get().quantity == 1


def test_the_remove_button_removes_whatever_the_field_holds(client, cable):
    """The button's own value comes last, and the last value counts."""
    put(client)
    client.post(f"/cart/items/{CartItem.objects.get().pk}", {"quantity": ["nonsense", "0"]})
    assert not CartItem.objects.exists()


def test_an_item_removed_in_another_window_is_explained(client, cable):
    put(client)
    response = client.post("/cart/items/999999", {"quantity": "2"}, follow=True)
    assert "This is not in your cart" in text(response)


def test_a_strangers_item_cannot_be_changed(client, cable):
    put(client)
    Client().post(f"/cart/items/{CartItem.objects.get().pk}", {"quantity": "9"})
    assert CartItem.objects.get().quantity == 1


def test_a_product_no_longer_sold_keeps_the_cart_from_checking_out(client, cable):
    put(client)
    Product.objects.update(active=False)
    response = client.get("/cart")
    assert "No longer sold" in text(response)
    assert "/checkout" not in response.content.decode()


def test_a_guests_cart_survives_signing_in(client, cable, person):
    person.emailaddress_set.create(email=person.email, verified=True, primary=True)
    put(client, "2")
    signed_in = {"login": person.email, "password": "a-long-password", "next": "/cart"}
    assert "€38.00" in text(client.post("/accounts/login/", signed_in, follow=True))
