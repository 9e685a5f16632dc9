"""`Idempotency-Key`, through the API as a program uses it."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from payments.models import CartItem, Product
from webhooks.api import idempotency
from webhooks.endpoints import services, targets
from webhooks.models import Endpoint, IdempotentRequest, Message, Resend
from webhooks.tasks import purge

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


def test_a_refusal_is_a_problem_again_when_it_is_repeated(client: APIClient) -> None:
    first, second = (
        client.post("/api/v1/checkout", {"provider": "stripe"}, "json", headers={"Idempotency-Key": "k1"})
        for _ in range(2)
    )
    assert first.status_code == second.status_code >= 400
    assert "Idempotent-Replayed" in second.headers
    assert first["Content-Type"] == second["Content-Type"] == "application/problem+json"


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


ENDPOINT = {"url": "http://127.0.0.1:8899/hooks"}


def make(client: APIClient, key: str = "k1") -> Any:
    return client.post("/api/v1/webhook-endpoints", ENDPOINT, "json", headers={"Idempotency-Key": key})


def age() -> None:
    IdempotentRequest.objects.update(started_at=timezone.now() - timedelta(minutes=2))


def test_a_death_before_the_answer_is_kept_leaves_no_endpoint_behind(
    client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def dies(*_args: Any) -> None:
        raise Killed

    monkeypatch.setattr(idempotency, "_keep", dies)
    monkeypatch.setattr(idempotency, "_own", lambda _record: IdempotentRequest.objects.none())  # nobody tidies up
    with pytest.raises(Killed):
        make(client)
    monkeypatch.undo()
    assert make(client).status_code == 409
    age()
    assert make(client).status_code == 201
    assert Endpoint.objects.count() == 1


def test_one_that_was_overtaken_takes_back_what_it_did(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was so slow that its lease ended, and the same request was answered meanwhile."""
    real = services.add

    def slow(*args: Any, **fields: Any) -> Endpoint:
        made = real(*args, **fields)
        IdempotentRequest.objects.update(started_at=timezone.now())
        return made

    monkeypatch.setattr(services, "add", slow)
    overtaken = make(client)
    assert (overtaken.status_code, overtaken.json()["code"]) == (409, "request_in_progress")
    assert not Endpoint.objects.exists()


def test_a_resolver_that_dawdles_holds_up_no_other_writer(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(targets, "require_public", lambda _url: asked.append(connection.in_atomic_block))
    assert make(client).status_code == 201
    client.force_login(Endpoint.objects.get().owner)
    form = {"url": "http://127.0.0.1:8899/form", "events": ["*"], "payload": "full", "scheme": "v1"}
    assert client.post("/endpoints/new", form, "multipart").status_code == 302
    assert asked == [False, False]


def test_what_was_asked_a_week_ago_is_forgotten(client: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "AT_ONCE", 2)
    for number in range(5):
        add(client, f"old-{number}")
    IdempotentRequest.objects.update(started_at=timezone.now() - timedelta(days=7, minutes=1))
    add(client, "new")
    purge()
    assert [row.key for row in IdempotentRequest.objects.all()] == ["new"]


@pytest.mark.parametrize("deed", ["rotate", "test", "resend", "message"])
def test_a_death_before_the_answer_is_kept_leaves_nothing_done(
    client: APIClient, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    made = make(client).json()
    endpoint = Endpoint.objects.get()
    message = services.send_test(endpoint, "order.paid")
    Message.objects.update(state="failed")
    bodies = {"test": {"type": "order.paid"}, "resend": {"since": timezone.now().isoformat()}}
    place = f"messages/{message.uid}/resend" if deed == "message" else deed

    def standing() -> tuple[Any, ...]:
        states = list(Message.objects.values_list("state", flat=True))
        return endpoint.secrets.count(), states, Resend.objects.count()

    def dies(*_args: Any) -> None:
        raise KeyboardInterrupt

    before = standing()
    monkeypatch.setattr(idempotency, "_keep", dies)
    path = f"/api/v1/webhook-endpoints/{made['id']}/{place}"
    with pytest.raises(KeyboardInterrupt):
        client.post(path, bodies.get(deed, {}), "json", headers={"Idempotency-Key": "k2"})
    assert standing() == before


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
