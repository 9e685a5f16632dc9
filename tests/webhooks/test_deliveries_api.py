"""`/api/v1/deliveries`: found page by page, taken out, replayed; staff alone, and asked wrongly never a 5xx."""

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from tests.webhooks.arrivals import arrive
from webhooks.care import choice
from webhooks.models import Delivery, Intervention

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(admin_user: Any) -> APIClient:
    client = APIClient()
    client.force_authenticate(admin_user)
    return client


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["external_id"] for row in answer.json()["results"]]


def test_only_staff_are_told() -> None:
    client = APIClient()
    client.force_authenticate(User.objects.create_user("person@example.com", "a-long-password"))
    assert client.get("/api/v1/deliveries").status_code == 403
    assert client.get("/api/v1/deliveries/export").status_code == 403
    assert client.post("/api/v1/deliveries/replay", {"q": "state:dead"}, format="json").status_code == 403


@pytest.mark.parametrize(
    ("given", "fits"),
    [
        ({}, ["b", "a"]),
        ({"source": "acme"}, ["a"]),
        ({"state": "dead"}, ["b"]),
        ({"external_id": "a"}, ["a"]),
        ({"kind": "pu*"}, ["b"]),
        ({"object_key": "o 1"}, ["a"]),
        ({"q": "text:needle"}, ["a"]),
        ({"q": "text:needle", "source": "github"}, []),
        ({"since": "-1h"}, ["b", "a"]),
        ({"until": "2020-01-01"}, []),
    ],
)
def test_it_is_the_console_search_with_fields_of_its_own(api: APIClient, given: Any, fits: list[str]) -> None:
    arrive("charge", b"needle", external_id="a", source="acme", object_key="o 1")
    arrive("push", external_id="b", state="dead", error="Traceback\nKeyError: 'ref'")
    assert ids(api.get("/api/v1/deliveries", given)) == fits


@pytest.mark.parametrize("path", ["/deliveries", "/deliveries/export", "/events"])
def test_a_parameter_that_is_not_known_is_named_and_finds_nothing(api: APIClient, path: str) -> None:
    arrive()
    answer = api.get(f"/api/v1{path}?stat=dead&limt=1&q=" if "deliveries" in path else f"/api/v1{path}?stat=1&limt=1")
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_parameter")
    assert [error["field"] for error in answer.json()["errors"]] == ["stat", "limt"]
    assert "stat, limt" in answer.json()["detail"]
    assert not Intervention.objects.exists()


@pytest.mark.parametrize("path", ["/deliveries?state=dead&q=&state=handled", "/deliveries/export?as=csv&as=csv"])
def test_a_parameter_that_is_there_twice_is_named_and_finds_nothing(api: APIClient, path: str) -> None:
    arrive()
    answer = api.get(f"/api/v1{path}")
    field = path.partition("?")[2].partition("=")[0]
    assert (answer.status_code, answer.json()["code"]) == (400, "repeated_parameter")
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, "repeated")]
    assert field in answer.json()["detail"]
    assert not Intervention.objects.exists()


@pytest.mark.parametrize(("address", "field"), [("?dry_run=true", "dry_run"), ("", "dryrun")])
def test_a_dry_run_that_is_mistyped_changes_nothing(api: APIClient, address: str, field: str) -> None:
    arrive(state="dead")
    given = {"q": "state:dead", "reason": "again"} | ({} if address else {"dryrun": True})
    answer = api.post(f"/api/v1/deliveries/replay{address}", given, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)
    assert Delivery.objects.get().state == "dead"


def test_pages_lead_to_each_other(api: APIClient) -> None:
    for name in "abc":
        arrive(external_id=name)
    first = api.get("/api/v1/deliveries", {"limit": "2", "source": "github"})
    assert ids(first) == ["c", "b"]
    assert first.json()["previous"] is None
    second = api.get(first.json()["next"])
    assert (ids(second), second.json()["next"]) == (["a"], None)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"q": "colour:red"}, "q"),
        ({"state": "broken"}, "state"),
        ({"since": "yesterday"}, "since"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "9" * 30}, "cursor"),
        ({"limit": "-1"}, "limit"),
        ({"q": "x" * 2000}, "q"),
    ],
)
def test_what_cannot_be_read_is_blamed_on_its_field(api: APIClient, given: Any, field: str) -> None:
    answer = api.get("/api/v1/deliveries", given)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)


def test_the_export_is_a_stream_and_noted(api: APIClient) -> None:
    arrive(external_id="a")
    answer = api.get("/api/v1/deliveries/export", {"as": "ndjson", "q": "id:a"})
    told = json.loads(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
    assert (told["external_id"], told["body"]) == ("a", "{}")
    assert Intervention.objects.get().via == "api"
    refused = api.get("/api/v1/deliveries/export", {"as": "exe"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "as")


@pytest.mark.parametrize(("form", "kind"), [("ndjson", "application/x-ndjson"), ("csv", "text/csv; charset=utf-8")])
def test_the_head_of_an_export_is_its_headers_alone(
    api: APIClient, form: str, kind: str, django_assert_max_num_queries: Any
) -> None:
    arrive()
    with django_assert_max_num_queries(0):
        answer = api.head("/api/v1/deliveries/export", {"as": form})
        assert b"".join(answer.streaming_content) == b""  # type: ignore[attr-defined]
    assert (answer.status_code, answer["Content-Type"]) == (200, kind)
    assert answer["Content-Disposition"] == f'attachment; filename="deliveries.{form}"'
    assert not answer.has_header("Content-Length")
    assert not Intervention.objects.exists()
    assert api.head("/api/v1/deliveries/export", {"as": "exe"}).status_code == 400


def test_a_dry_run_needs_no_reason_and_changes_nothing(api: APIClient) -> None:
    arrive("push", state="dead")
    answer = api.post("/api/v1/deliveries/replay", {"q": "state:dead", "dry_run": True}, format="json")
    assert answer.status_code == 200
    assert answer.json() == {
        "dry_run": True,
        "count": 1,
        "groups": [{"source": "github", "kind": "push", "state": "dead", "count": 1}],
        "left_alone": [],
        "more": False,
    }
    assert Delivery.objects.get().state == "dead"


def test_a_replay_is_done_and_kept(api: APIClient, admin_user: Any) -> None:
    row = arrive(state="dead")
    answer = api.post("/api/v1/deliveries/replay", {"ids": [row.pk], "reason": "fixed"}, format="json")
    assert (answer.status_code, answer.json()["done"]) == (202, 1)
    kept = Intervention.objects.get(pk=answer.json()["intervention"])
    assert (kept.via, kept.by, kept.reason, Delivery.objects.get().state) == ("api", admin_user, "fixed", "pending")


def test_setting_aside_is_an_order_too(api: APIClient) -> None:
    arrive(due_at="2020-01-01T00:00Z")
    given = {"order": "set-aside", "q": "state:pending", "reason": "poison"}
    assert api.post("/api/v1/deliveries/replay", given, format="json").json()["done"] == 1
    assert Delivery.objects.get().state == "dead"


def test_more_than_a_thousand_need_a_yes(api: APIClient, monkeypatch: Any) -> None:
    monkeypatch.setattr(choice, "ASK_ABOVE", 1)
    for _ in range(2):
        arrive(state="dead")
    given = {"q": "state:dead", "reason": "fixed"}
    answer = api.post("/api/v1/deliveries/replay", given, format="json")
    assert (answer.status_code, answer.json()["code"], answer.json()["count"]) == (409, "confirmation_needed", 2)
    assert api.post("/api/v1/deliveries/replay", given | {"confirm": True}, format="json").json()["done"] == 2


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "q"),
        ({"q": ""}, "q"),
        ({"q": "colour:red", "reason": "x"}, "q"),
        ({"q": "state:dead"}, "reason"),
        ({"q": "state:dead", "reason": " "}, "reason"),
        ({"ids": ["x"], "reason": "x"}, "ids.0"),
        ({"ids": [1 << 63], "reason": "x"}, "ids.0"),
        ({"ids": [-1], "reason": "x"}, "ids.0"),
        ({"q": "state:dead", "reason": "x" * 301}, "reason"),
        ({"q": "state:dead", "reason": "x", "order": "burn"}, "order"),
    ],
)
def test_an_order_that_is_none_is_blamed_on_its_field(api: APIClient, given: Any, field: str) -> None:
    arrive(state="dead")
    answer = api.post("/api/v1/deliveries/replay", given, format="json")
    assert answer.status_code == 400
    assert field.partition(".")[0] in answer.json()["errors"][0]["field"]
    assert Delivery.objects.get().state == "dead"
