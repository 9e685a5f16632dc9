"""Deliveries and events under `/api/v1/`: what is asked wrongly is said to be so."""

from typing import Any

import pytest
from rest_framework.pagination import CursorPagination
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(admin_user: Any) -> APIClient:
    client = APIClient()
    client.force_authenticate(admin_user)
    return client


@pytest.mark.parametrize("since", ["yesterday", "2026-02-30T00:00", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_is_none_is_blamed_on_its_field(api: APIClient, since: str) -> None:
    answer = api.get("/api/v1/events", {"since": since})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert answer.json()["errors"][0]["field"] == "since"


def test_a_cursor_that_is_none_is_no_page(api: APIClient) -> None:
    answer = api.get("/api/v1/events", {"cursor": "cD14"})
    assert (answer.status_code, answer.json()["detail"]) == (404, "Invalid cursor")


def test_a_bug_in_a_list_is_not_called_an_invalid_cursor(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: Any) -> None:
        raise ValueError("a bug of ours")

    monkeypatch.setattr(CursorPagination, "paginate_queryset", broken)
    with pytest.raises(ValueError, match="a bug of ours"):
        api.get("/api/v1/events")
