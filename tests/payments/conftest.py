"""A product, a person, their order and a payment service, for the tests of the shop."""

import pytest

from accounts.models import User
from integrations import registry
from payments.models import Order, OrderLine, PaymentAttempt, Product
from tests.payments.browsing import HOSTED, Gateway


@pytest.fixture(autouse=True)
def _events_are_true(true_to_the_catalogue):
    """Whatever these tests publish is as the catalogue says."""


@pytest.fixture
def cable():
    return Product.objects.create(slug="cable", name="Cable", description="Woven.", amount=1900)


@pytest.fixture
def person():
    return User.objects.create_user("person@example.com", "a-long-password")


@pytest.fixture
def signed_in(client, person):
    client.force_login(person)
    return client


@pytest.fixture
def gateway(monkeypatch):
    fake = Gateway()
    monkeypatch.setattr(registry, "port", lambda _slug, _kind: fake)
    return fake


@pytest.fixture
def order(person):
    order = Order.objects.create(number="1001", user=person, total_amount=3800, currency="EUR")
    OrderLine.objects.create(order=order, slug="cable", name="Cable", quantity=2, unit_amount=1900)
    return order


@pytest.fixture
def attempt(order):
    return PaymentAttempt.objects.create(
        order=order,
        provider="stripe",
        amount=3800,
        currency="EUR",
        status=PaymentAttempt.Status.PENDING,
        provider_reference="cs_1",
        redirect_url=HOSTED,
    )
