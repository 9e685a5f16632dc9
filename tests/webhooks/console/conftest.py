"""Somebody of staff at the console."""

import pytest
from django.test import Client

from accounts.models import User


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_user("staff@example.com", "a-long-password", is_staff=True))
    return client
