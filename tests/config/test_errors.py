"""What is answered when nothing better is known, to people and to programs."""

from typing import Any

import pytest

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("method", "path"), [("options", "/"), ("get", "/orders/1001/pay"), ("put", "/cart")])
def test_a_method_that_is_not_offered_is_answered_with_a_page(client: Any, method: str, path: str) -> None:
    answer = getattr(client, method)(path)
    assert answer.status_code == 405
    assert answer["Allow"]
    assert "To the catalogue" in answer.content.decode()


def test_a_program_is_told_so_as_a_problem(client: Any) -> None:
    answer = client.delete("/auth/login")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("path", ["/ws", "/api/nothing"])
def test_what_is_for_programs_is_missed_in_their_words(client: Any, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_a_form_that_was_refused_can_be_reloaded_as_the_cart(client: Any) -> None:
    for path in ("/cart/items", "/cart/items/1"):
        answer = client.get(path)
        assert (answer.status_code, answer["Location"]) == (303, "/cart")


@pytest.mark.parametrize("path", ["/console/deliveries", "/console/deliveries/1"])
def test_the_console_tells_who_is_not_staff_that_it_is_not_theirs(
    client: Any, django_user_model: Any, path: str
) -> None:
    assert client.get(path)["Location"] == f"/accounts/login/?next={path}"
    client.force_login(django_user_model.objects.create_user("ada@example.com", "x"))
    answer = client.get(path)
    assert answer.status_code == 403
    assert "This door is not yours" in answer.content.decode()


@pytest.mark.parametrize("path", ["/console", "/console/", "/console/deliveries/"])
def test_every_way_into_the_console_leads_to_its_first_page(admin_client: Any, path: str) -> None:
    assert admin_client.get(path)["Location"] == "/console/deliveries"
