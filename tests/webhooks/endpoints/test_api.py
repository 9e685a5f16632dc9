"""Endpoints under `/api/v1/webhook-endpoints`: everybody's own, clear errors, and no secret where it may be kept."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from integrations.signatures import standard
from tests.webhooks.endpoints.conftest import send_due
from tests.webhooks.endpoints.receiver import Answer, Receiver
from webhooks.endpoints import requeueing, services
from webhooks.models import Attempt, Endpoint, IdempotentRequest, Message, OutboxEvent

pytestmark = pytest.mark.django_db

PATH = "/api/v1/webhook-endpoints"
Happen = Callable[..., OutboxEvent]


@pytest.fixture
def path(endpoint: Endpoint) -> str:
    return f"{PATH}/{endpoint.uid}"


@pytest.fixture
def stranger(django_user_model: Any) -> APIClient:
    other = APIClient()
    other.force_authenticate(django_user_model.objects.create_user("stranger@example.com"))
    return other


def field_of(answer: Any) -> tuple[int, str, str]:
    assert answer["Content-Type"] == "application/problem+json"
    error = answer.json()["errors"][0]
    return answer.status_code, error["field"], error["message"]


def test_an_endpoint_is_made_with_sensible_defaults_and_without_telling_its_secret(
    api: APIClient, receiver: Receiver
) -> None:
    answer = api.post(PATH, {"url": receiver.url}, "json")
    assert answer.status_code == 201
    told = answer.json()
    assert told["id"].startswith("ep_")
    assert (told["events"], told["payload"], told["ordered"], told["scheme"], told["state"]) == (
        ["*"], "full", False, "v1", "enabled",
    )  # fmt: skip
    assert "whsec_" not in answer.content.decode()
    secret = api.get(f"{PATH}/{told['id']}/secret").json()
    assert (secret["expires_at"], secret["earlier"]) == (None, [])
    standard.require_secret(secret["key"])


def test_the_secret_is_sealed_at_rest_and_in_no_kept_answer(api: APIClient, receiver: Receiver) -> None:
    made = api.post(PATH, {"url": receiver.url}, "json", headers={"Idempotency-Key": "make-it-once"})
    endpoint = Endpoint.objects.get(uid=made.json()["id"])
    rotated = api.post(f"{PATH}/{endpoint.uid}/rotate", {}, "json", headers={"Idempotency-Key": "rotate-once"})
    assert rotated.status_code == 200
    key = api.get(f"{PATH}/{endpoint.uid}/secret").json()["key"]
    kept = [str(request.answer) for request in IdempotentRequest.objects.all()]
    assert len(kept) == 2
    sealed = list(endpoint.secrets.values_list("sealed", flat=True))
    assert not any(key in text or "whsec_" in text for text in [*kept, *sealed])


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({}, "url", "required"),
        ({"url": ""}, "url", "blank"),
        ({"url": 5}, "url", "https://"),
        ({"url": "http://user@127.0.0.1/"}, "url", "user name"),
        ({"url": "https://10.0.0.1/"}, "url", "10.0.0.1, which is private"),
        ({"url": "https://169.254.169.254/latest"}, "url", "link-local"),
        ({"url": "https://shop.example/" + "a" * 3000}, "url", "2048"),
        ({"url": "http://127.0.0.1:9000/", "events": []}, "events", "1 to 50"),
        ({"url": "http://127.0.0.1:9000/", "events": ["order.payed"]}, "events", "No event type fits"),
        ({"url": "http://127.0.0.1:9000/", "events": "*"}, "events", "list"),
        ({"url": "http://127.0.0.1:9000/", "payload": "fat"}, "payload", "choice"),
        ({"url": "http://127.0.0.1:9000/", "scheme": "v2"}, "scheme", "choice"),
        ({"url": "http://127.0.0.1:9000/", "all_users": True}, "all_users", "Only staff"),
        ({"url": "http://127.0.0.1:9000/", "description": "x" * 300}, "description", "255"),
        ({"url": "http://127.0.0.1:9000/", "rate": 0}, "rate", "greater than or equal to 1"),
        ({"url": "http://127.0.0.1:9000/", "rate": 1001}, "rate", "less than or equal to 1000"),
        ({"url": "http://127.0.0.1:9000/", "rate": 2.5}, "rate", "integer"),
    ],
)
def test_what_cannot_be_is_refused_with_the_field_and_the_reason(
    api: APIClient, given: dict[str, Any], field: str, words: str
) -> None:
    status, named, message = field_of(api.post(PATH, given, "json"))
    assert (status, named) == (400, field)
    assert words in message
    assert not Endpoint.objects.exists()


def test_a_rate_is_null_until_it_is_given_and_may_be_taken_away(api: APIClient, receiver: Receiver) -> None:
    made = api.post(PATH, {"url": receiver.url}, "json").json()
    assert made["rate"] is None
    path = f"{PATH}/{made['id']}"
    assert api.patch(path, {"rate": 5}, "json").json()["rate"] == 5
    assert api.get(path).json()["rate"] == 5
    assert api.patch(path, {"rate": None}, "json").json()["rate"] is None
    shape = SchemaGenerator().get_schema(public=True)["components"]["schemas"]["Endpoint"]["properties"]["rate"]
    assert (shape["type"], shape["minimum"], shape["maximum"]) == (["integer", "null"], 1, 1000)


@pytest.mark.parametrize("body", [[], "text", None, 7])
def test_a_body_that_is_no_object_is_refused(api: APIClient, path: str, body: Any) -> None:
    for place in (PATH, f"{path}/rotate", f"{path}/test", f"{path}/resend"):
        assert api.post(place, body, "json").status_code in (400, 200)
    assert api.patch(path, body, "json").status_code in (400, 200)


def test_a_person_has_so_many_endpoints_and_no_more(api: APIClient, receiver: Receiver, settings: Any) -> None:
    settings.ENDPOINTS_PER_PERSON = 2
    answers = [api.post(PATH, {"url": receiver.url}, "json") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 409]
    assert answers[2].json()["code"] == "too_many_endpoints"


def test_everybody_sees_their_own_and_staff_see_all(
    api: APIClient, stranger: APIClient, path: str, admin_user: Any
) -> None:
    assert len(api.get(PATH).json()["results"]) == 1
    assert stranger.get(PATH).json()["results"] == []
    staff = APIClient()
    staff.force_authenticate(admin_user)
    assert len(staff.get(PATH).json()["results"]) == 1
    assert staff.get(path).status_code == 200
    assert staff.get(f"{path}/secret").status_code == 403


@pytest.mark.parametrize(
    ("method", "end"),
    [("get", ""), ("patch", ""), ("delete", ""), ("get", "/secret"), ("post", "/rotate"), ("post", "/pause"),
     ("post", "/resume"), ("post", "/test"), ("post", "/resend"), ("get", "/messages"),
     ("get", "/resend/1")],
)  # fmt: skip
def test_anothers_endpoint_is_not_there(stranger: APIClient, path: str, method: str, end: str) -> None:
    given = {} if method == "get" else {"data": {"type": "order.paid"}, "format": "json"}
    assert getattr(stranger, method)(path + end, **given).status_code == 404
    assert getattr(APIClient(), method)(path + end, **given).status_code == 401
    assert Endpoint.objects.get().state == "enabled"


def test_an_endpoint_is_changed_in_part(api: APIClient, path: str, receiver: Receiver) -> None:
    given = {"events": ["order.*", "order.*"], "ordered": True, "scheme": "v1", "state": "disabled", "owner": 99}
    changed = api.patch(path, given, "json").json()
    assert (changed["events"], changed["ordered"]) == (["order.*"], True)
    assert (changed["scheme"], changed["state"], changed["url"]) == ("v1", "enabled", receiver.url)
    assert field_of(api.patch(path, {"url": "https://127.0.0.1:22/"}, "json"))[1] == "url"


def test_another_scheme_is_refused_with_the_way_to_it_and_nothing_is_changed(api: APIClient, path: str) -> None:
    status, field, words = field_of(api.patch(path, {"scheme": "v1a", "ordered": True}, "json"))
    assert (status, field) == (400, "scheme")
    assert "/rotate" in words
    assert field_of(api.patch(path, {"scheme": "v2"}, "json"))[:2] == (400, "scheme")
    kept = api.get(path).json()
    assert (kept["scheme"], kept["ordered"]) == ("v1", False)


def test_a_deleted_endpoint_takes_its_log_with_it(
    api: APIClient, path: str, receiver: Receiver, happen: Happen
) -> None:
    happen()
    send_due()
    assert api.delete(path).status_code == 204
    assert (Message.objects.count(), Attempt.objects.count(), OutboxEvent.objects.count()) == (0, 0, 1)
    assert api.get(path).status_code == 404


def test_a_rotation_overlaps_as_long_as_is_asked(api: APIClient, path: str) -> None:
    old = api.get(f"{path}/secret").json()["key"]
    assert api.post(f"{path}/rotate", {"overlap_hours": 1.5}, "json").status_code == 200
    secret = api.get(f"{path}/secret").json()
    assert [key["key"] for key in secret["earlier"]] == [old]
    for hours in (-1, 169, "nan", "inf", 1e300):
        assert field_of(api.post(f"{path}/rotate", {"overlap_hours": hours}, "json"))[:2] == (400, "overlap_hours")


def test_pausing_queues_and_resuming_sends(api: APIClient, path: str, receiver: Receiver, happen: Happen) -> None:
    assert api.post(f"{path}/pause").json()["state"] == "paused"
    assert api.post(f"{path}/pause").json()["state"] == "paused"
    happen()
    assert send_due() == []
    assert api.post(f"{path}/resume").json()["state"] == "enabled"
    assert [outcome.ok for outcome in send_due()] == [True]


def test_what_we_have_disabled_is_resumed_and_not_paused(api: APIClient, path: str) -> None:
    Endpoint.objects.update(state="disabled", reason="It answered 500.", failures=12, failing_since=timezone.now())
    refused = api.post(f"{path}/pause")
    assert (refused.status_code, refused.json()["code"]) == (409, "endpoint_not_enabled")
    assert api.post(f"{path}/test", {"type": "order.paid"}, "json").status_code == 409
    assert api.post(f"{path}/resend", {"since": timezone.now()}, "json").status_code == 409
    resumed = api.post(f"{path}/resume").json()
    assert (resumed["state"], resumed["reason"], resumed["failures"]) == ("enabled", "", 0)


def test_the_log_tells_every_message_and_every_try(
    api: APIClient, path: str, receiver: Receiver, happen: Happen
) -> None:
    receiver.answers.append(Answer(500, body=b"no"))
    event = happen()
    send_due()
    send_due(timezone.now() + timedelta(minutes=1))
    happen("user.signed_up", about="user:1")
    listed = api.get(f"{path}/messages").json()["results"]
    assert [message["type"] for message in listed] == ["user.signed_up", "order.paid"]
    assert len(api.get(f"{path}/messages", {"state": "delivered"}).json()["results"]) == 1
    assert len(api.get(f"{path}/messages", {"type": "user.signed_up"}).json()["results"]) == 1
    assert api.get(f"{path}/messages", {"type": "\x00"}).status_code == 200
    assert field_of(api.get(f"{path}/messages", {"state": "lost"}))[:2] == (400, "state")
    assert field_of(api.get(f"{path}/messages", {"stat": "lost"}))[:2] == (400, "stat")
    attempts = api.get(f"{path}/messages/{event.uid}/attempts").json()["results"]
    assert [(one["number"], one["status"], one["response_body"]) for one in attempts] == [
        (1, 500, "no"),
        (2, 200, "ok"),
    ]
    assert api.get(f"{path}/messages/{event.uid}").json()["tries"] == 2


def test_one_message_is_sent_again_under_its_id(api: APIClient, path: str, receiver: Receiver, happen: Happen) -> None:
    event = happen()
    send_due()
    again = api.post(f"{path}/messages/{event.uid}/resend")
    assert (again.status_code, again.json()["state"]) == (202, "waiting")
    send_due()
    assert [one.headers["webhook-id"] for one in receiver.received] == [str(event.uid)] * 2
    assert [attempt.number for attempt in Attempt.objects.all()] == [1, 2]


def test_everything_since_a_time_is_sent_again(api: APIClient, path: str, receiver: Receiver, happen: Happen) -> None:
    since = timezone.now()
    receiver.usual = Answer(410)
    happen(about="order:1")
    send_due()
    happen(about="order:2")
    receiver.usual = Answer(200)
    api.post(f"{path}/resume")
    # What was disabled, and the news of it, were not queued either.
    answer = api.post(f"{path}/resend", {"since": since.isoformat()}, "json")
    ordered = answer.json()
    assert (answer.status_code, ordered["messages"], ordered["finished_at"]) == (202, 0, None)
    assert requeueing.take_turn() == 2
    done = api.get(f"{path}/resend/{ordered['id']}").json()
    assert (done["messages"], done["finished_at"] is not None) == (2, True)
    assert api.get(f"{path}/resend/{10**30}").status_code == 404
    send_due()
    assert set(Message.objects.values_list("state", flat=True)) == {"delivered"}
    assert field_of(api.post(f"{path}/resend", {"since": "yesterday"}, "json"))[:2] == (400, "since")
    assert field_of(api.post(f"{path}/resend", {"since": "1999-01-01T00:00:00Z"}, "json"))[:2] == (400, "since")


def test_a_test_is_sent_for_a_type_that_there_is(api: APIClient, path: str, receiver: Receiver) -> None:
    queued = api.post(f"{path}/test", {"type": "order.paid"}, "json")
    assert (queued.status_code, queued.json()["test"]) == (202, True)
    send_due()
    assert b'"test":true' in receiver.received[0].body
    assert field_of(api.post(f"{path}/test", {"type": "order.payed"}, "json"))[:2] == (400, "type")


def test_the_catalogue_is_open_to_all() -> None:
    types = {one["name"]: one for one in APIClient().get("/api/v1/event-types").json()["results"]}
    assert list(types) == sorted(types)
    assert types["order.paid"]["schema"]["required"] == ["order"]
    assert types["order.paid"]["example"]["type"] == "order.paid"
    assert APIClient().get("/api/v1/event-types/order.paid").json() == types["order.paid"]
    assert APIClient().get("/api/v1/event-types/order.payed").status_code == 404


def test_a_secret_that_cannot_be_read_is_a_conflict_that_rotating_mends(api: APIClient, path: str) -> None:
    services.visible_to(Endpoint.objects.get().owner).get().secrets.update(sealed="tampered")
    refused = api.get(f"{path}/secret")
    assert (refused.status_code, refused.json()["code"]) == (409, "secret_unreadable")
    api.post(f"{path}/rotate", {"overlap_hours": 0}, "json")
    assert api.get(f"{path}/secret").status_code == 200
