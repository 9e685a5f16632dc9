"""A customer with an endpoint, signed in; and somebody else, who has none of it."""

from typing import Any

import pytest
from django.test import Client

from tests.webhooks.endpoints.conftest import customer, endpoint, happen, receiver

__all__ = ["customer", "endpoint", "happen", "receiver"]


@pytest.fixture
def signed_in(customer: Any) -> Client:
    client = Client()
    client.force_login(customer)
    return client


@pytest.fixture
def stranger(django_user_model: Any) -> Client:
    client = Client()
    client.force_login(django_user_model.objects.create_user("stranger@example.com", "secret-words"))
    return client


@pytest.fixture
def staff(django_user_model: Any) -> Client:
    client = Client()
    client.force_login(django_user_model.objects.create_user("staff@example.com", "secret-words", is_staff=True))
    return client
