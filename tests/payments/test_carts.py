"""The cart: bounds, owners, merging, and prices as they were seen."""

from typing import Any
from uuid import uuid4

import pytest

from payments.models import Product
from payments.services import carts
from payments.services.carts import Owner
from webhooks.problems import Problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def cable() -> Product:
    return Product.objects.create(slug="cable", name="Cable", amount=1900)


@pytest.fixture
def ada(django_user_model: Any) -> Any:
    return django_user_model.objects.create_user(email="ada@example.com", password="x")


def quantities(owner: Owner) -> dict[str, int]:
    cart = carts.find(owner)
    return {item.product.slug: item.quantity for item in cart.items.all()} if cart else {}


def test_adding_twice_adds_up(cable: Product, ada: Any) -> None:
    carts.add(Owner(user=ada), "cable", 2)
    carts.add(Owner(user=ada), "cable", 3)
    assert quantities(Owner(user=ada)) == {"cable": 5}
    assert carts.count(Owner(user=ada)) == 5


@pytest.mark.parametrize("quantity", [0, -1, 100, 1_000_000, 2**70])
def test_a_quantity_out_of_bounds_is_refused(cable: Product, ada: Any, quantity: int) -> None:
    with pytest.raises(Problem) as refused:
        carts.add(Owner(user=ada), "cable", quantity)
    assert refused.value.code == "quantity_out_of_range"
    assert quantities(Owner(user=ada)) == {}


def test_the_sum_is_bounded_too(cable: Product, ada: Any) -> None:
    carts.add(Owner(user=ada), "cable", 60)
    with pytest.raises(Problem):
        carts.add(Owner(user=ada), "cable", 60)
    assert quantities(Owner(user=ada)) == {"cable": 60}


@pytest.mark.parametrize("slug", ["nothing", "", "x" * 300, "withdrawn"])
def test_what_is_not_for_sale_cannot_be_added(ada: Any, slug: str) -> None:
    Product.objects.create(slug="withdrawn", name="Withdrawn", amount=1, active=False)
    with pytest.raises(Problem) as refused:
        carts.add(Owner(user=ada), slug, 1)
    assert refused.value.status == 404


def test_nobody_reaches_into_the_cart_of_another(cable: Product, ada: Any, django_user_model: Any) -> None:
    item = carts.add(Owner(user=ada), "cable", 1)
    bob = Owner(user=django_user_model.objects.create_user(email="bob@example.com", password="x"))
    for attempt in (lambda: carts.change(bob, item.pk, 5), lambda: carts.remove(bob, item.pk)):
        with pytest.raises(Problem):
            attempt()
    assert quantities(Owner(user=ada)) == {"cable": 1}


def test_a_guests_cart_joins_the_persons_own(cable: Product, ada: Any) -> None:
    Product.objects.create(slug="lamp", name="Lamp", amount=4500)
    guest = uuid4()
    carts.add(Owner(key=guest), "cable", 3)
    carts.add(Owner(key=guest), "lamp", 1)
    carts.add(Owner(user=ada), "cable", 2)
    carts.merge(guest, ada)
    carts.merge(guest, ada)
    assert quantities(Owner(user=ada)) == {"cable": 3, "lamp": 1}
    assert carts.find(Owner(key=guest)) is None
