"""`Idempotency-Key`, through the API as a program uses it."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from payments.models import CartItem, Product
from webhooks.models import IdempotentRequest

pytestmark = pytest.mark.django_db(transaction=True)

ITEM = {"product": "cable", "quantity": 1}


@pytest.fixture
def client(django_user_model: Any) -> APIClient:
    Product.objects.create(slug="cable", name="Cable", amount=1900)
    client = APIClient()
    client.force_authenticate(django_user_model.objects.create_user(email="ada@example.com", password="x"))
    return client


def add(client: APIClient, key: str, body: Any = ITEM) -> Any:
    return client.post("/api/v1/cart/items", body, format="json", headers={"Idempotency-Key": key})


def test_the_same_request_has_one_effect_and_one_answer(client: APIClient) -> None:
    first, second = add(client, "k1"), add(client, "k1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    assert CartItem.objects.get().quantity == 1


def test_another_body_under_the_same_key_is_refused(client: APIClient) -> None:
    add(client, "k1")
    answer = add(client, "k1", {"product": "cable", "quantity": 2})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_a_request_that_still_runs_answers_409_and_one_that_died_is_taken_over(client: APIClient) -> None:
    add(client, "k1")
    IdempotentRequest.objects.update(finished_at=None, status=None, answer=None)
    assert add(client, "k1").status_code == 409
    IdempotentRequest.objects.update(started_at=timezone.now() - timedelta(minutes=2))
    assert add(client, "k1").status_code == 201


def test_an_error_of_ours_is_not_kept(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("payments.services.carts.add", broken)
    with pytest.raises(ZeroDivisionError):
        add(client, "k1")
    monkeypatch.undo()
    assert add(client, "k1").status_code == 201


def test_keys_belong_to_their_person(client: APIClient, django_user_model: Any) -> None:
    add(client, "k1")
    client.force_authenticate(django_user_model.objects.create_user(email="bob@example.com", password="x"))
    assert "Idempotent-Replayed" not in add(client, "k1").headers


@pytest.mark.parametrize("key", ["x" * 256, "with space", "\xe9"])
def test_a_key_of_another_form_is_refused(client: APIClient, key: str) -> None:
    answer = add(client, key)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_idempotency_key")


def test_eight_at_once_have_one_effect(client: APIClient) -> None:
    statuses: list[int] = []

    def go() -> None:
        try:
            statuses.append(add(client, "k1").status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=go) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {201, 409}
    assert CartItem.objects.get().quantity == 1
