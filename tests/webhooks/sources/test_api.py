"""Custom sources under `/api/v1/webhook-sources`: made, read, changed, rotated, tried and deleted by staff."""

import json
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from tests.webhooks.arrivals import arrive
from tests.webhooks.sources.conftest import API, signed
from webhooks.models import Delivery, IdempotentRequest, Intervention, Source, SourceSecret
from webhooks.sources.examples import NEW

pytestmark = pytest.mark.django_db(transaction=True)

WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"id":"ev-1","type":"thing.made","data":{"id":"o-1"}}'


def faults(answer: Any) -> dict[str, str]:
    assert answer["Content-Type"] == "application/problem+json"
    return {item["field"]: item["message"] for item in answer.json()["errors"]}


@pytest.mark.parametrize("path", ["", "/acme", "/acme/rotate", "/acme/test"])
def test_only_staff_may_ask(make: Any, path: str) -> None:
    make()
    person = APIClient()
    assert person.get(API + path).status_code == 401
    person.force_authenticate(User.objects.create_user("person@example.com", "a-long-password"))
    for method in (person.get, person.post, person.patch, person.delete):
        assert method(API + path, {}, format="json").status_code in (403, 405)


@pytest.mark.parametrize("name", NEW)
def test_every_example_in_the_document_can_be_made(api: APIClient, name: str) -> None:
    answer = api.post(API, NEW[name], format="json")
    assert answer.status_code == 201, answer.json()


def test_a_secret_that_was_made_is_told_once_and_kept_sealed(api: APIClient, make: Any) -> None:
    made = make()
    secret = made["secret"]
    assert secret.startswith("whsec_")
    assert made["url"].endswith("/webhooks/acme")
    assert made["secrets"][0]["hint"] == "…" + secret[-4:]
    seen = api.get(f"{API}/acme").content.decode() + api.get(API).content.decode()
    assert secret not in seen
    assert "secret" not in api.get(f"{API}/acme").json()
    assert secret[6:] not in SourceSecret.objects.get().sealed


def test_a_secret_that_was_given_is_not_told_again(make: Any) -> None:
    made = make(secrets=[WHSEC])
    assert "secret" not in made
    assert WHSEC not in json.dumps(made)


def test_the_answer_that_an_idempotency_key_remembers_has_no_secret(api: APIClient) -> None:
    ask = {"data": {"slug": "acme", "scheme": "bearer"}, "format": "json", "HTTP_IDEMPOTENCY_KEY": "k-1"}
    first, again = api.post(API, **ask), api.post(API, **ask)
    assert first.json()["secret"]
    assert again.status_code == 201
    assert "secret" not in again.json()
    assert first.json()["secret"] not in json.dumps(IdempotentRequest.objects.get().answer)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"slug": "stripe"}, "slug"),
        ({"slug": "Acme"}, "slug"),
        ({"slug": "a" * 41}, "slug"),
        ({"scheme": "rot13"}, "scheme"),
        ({"scheme": "\ud800"}, "scheme"),
        ({"secrets": ["whsec_short"]}, "secrets.0"),
        ({"secrets": [WHSEC, "whsec_!"]}, "secrets.1"),
        ({"secrets": [WHSEC] * 6}, "secrets"),
        ({"secrets": WHSEC}, "secrets"),
        ({"options": {"prefx": "svix"}}, "options.prefx"),
        ({"options": {"\ud800": "svix"}}, "options.�"),
        ({"options": []}, "options"),
        ({"scheme": "hmac"}, "options.header"),
        ({"scheme": "hmac", "options": {"header": "X Sig"}}, "options.header"),
        ({"scheme": "hmac", "options": {"header": "X-Sig", "signed": "{timestamp}"}}, "options.signed"),
        ({"scheme": "hmac", "options": {"header": "X-Sig", "signed": "{body.__class__}{body}"}}, "options.signed"),
        ({"scheme": "hmac", "options": {"header": "X-Sig", "signed": "{timestamp}{body}"}}, "options.signed"),
        ({"scheme": "hmac", "options": {"header": "X-Sig", "timestamp_header": "X-T"}}, "options.signed"),
        ({"scheme": "hmac", "options": {"header": "X-Sig", "signed": "{id}{body}"}}, "options.id_header"),
        ({"scheme": "hmac", "options": {"header": "X-Sig", "encoding": "rot13"}}, "options.encoding"),
        ({"scheme": "hmac", "options": {"header": "X-Sig", "tolerance": 0}}, "options.tolerance"),
        ({"scheme": "hmac", "secrets": ["xyz"], "options": {"header": "X-Sig", "key_encoding": "hex"}}, "secrets.0"),
        ({"scheme": "basic"}, "options.username"),
        ({"scheme": "basic", "options": {"username": "a:b"}}, "options.username"),
        ({"scheme": "bearer", "secrets": ["pässword"]}, "secrets.0"),
        ({"scheme": "none"}, "options.addresses"),
        ({"scheme": "none", "options": {"addresses": []}}, "options.addresses"),
        ({"scheme": "none", "options": {"addresses": ["0.0.0.0/0"]}}, "options.addresses"),
        ({"scheme": "none", "options": {"addresses": ["300.1.1.1"]}}, "options.addresses"),
        ({"scheme": "none", "secrets": ["x"], "options": {"addresses": ["192.0.2.1"]}}, "secrets.0"),
        ({"id_from": ["cookie:x"]}, "id_from.0"),
        ({"id_from": []}, "id_from"),
        ({"id_from": ["text:same"]}, "id_from"),
        ({"split": True}, "id_from"),
        ({"type_from": ["body:a..b"]}, "type_from.0"),
        ({"rate": -1}, "rate"),
    ],
)
def test_what_makes_no_sense_is_blamed_on_its_field(api: APIClient, fields: dict[str, Any], field: str) -> None:
    asked = json.dumps({"slug": "acme", "scheme": "standard-webhooks"} | fields)
    answer = api.post(API, asked, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert any(name.startswith(field) for name in faults(answer)), faults(answer)
    assert not Source.objects.exists()


def test_a_slug_is_taken_once(api: APIClient, make: Any) -> None:
    make()
    answer = api.post(API, {"slug": "acme", "scheme": "bearer"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "slug_taken")
    assert list(faults(answer)) == ["slug"]


def test_what_is_given_is_changed_and_nothing_else(api: APIClient, make: Any) -> None:
    made = make(object_from=["body:data.id"])
    answer = api.patch(f"{API}/acme", {"rate": 5, "paused": True}, format="json").json()
    assert (answer["rate"], answer["paused"]) == (5, True)
    same = ("slug", "name", "scheme", "options", "id_from", "type_from", "object_from", "secrets")
    assert {name: answer[name] for name in same} == {name: made[name] for name in same}


@pytest.mark.parametrize("fields", [{"slug": "other"}, {"scheme": "bearer"}, {"secrets": [WHSEC]}])
def test_what_never_changes_says_so(api: APIClient, make: Any, fields: dict[str, Any]) -> None:
    make()
    answer = api.patch(f"{API}/acme", fields, format="json")
    assert answer.status_code == 400
    assert list(faults(answer)) == list(fields)


def test_a_rotation_keeps_the_old_secret_for_the_overlap(api: APIClient, make: Any) -> None:
    make()
    answer = api.post(f"{API}/acme/rotate", {"overlap_hours": 2}, format="json").json()
    new, old = answer["secrets"]
    assert new["hint"] == "…" + answer["secret"][-4:]
    assert new["expires_at"] is None
    assert old["expires_at"] is not None


def test_a_rotation_without_overlap_ends_the_old_one_now(api: APIClient, make: Any) -> None:
    make()
    answer = api.post(f"{API}/acme/rotate", {"secret": WHSEC, "overlap_hours": 0}, format="json").json()
    assert [one["hint"] for one in answer["secrets"]] == ["…LaSw"]
    assert SourceSecret.objects.count() == 1


def test_a_later_rotation_never_prolongs_an_earlier_secret(api: APIClient, make: Any) -> None:
    make()
    first = api.post(f"{API}/acme/rotate", {"overlap_hours": 1}, format="json").json()["secrets"][1]
    second = api.post(f"{API}/acme/rotate", {"overlap_hours": 100}, format="json").json()["secrets"][2]
    assert first == second


def test_secrets_do_not_pile_up(api: APIClient, make: Any) -> None:
    make()
    answers = [api.post(f"{API}/acme/rotate", {}, format="json").status_code for _ in range(6)]
    assert answers == [200, 200, 200, 200, 409, 409]
    assert api.post(f"{API}/acme/rotate", {"overlap_hours": 0}, format="json").status_code == 200


@pytest.mark.parametrize("given", [{"secret": "whsec_short"}, {"overlap_hours": -1}, {"overlap_hours": 1000}])
def test_a_rotation_that_makes_no_sense_changes_nothing(api: APIClient, make: Any, given: dict[str, Any]) -> None:
    make()
    answer = api.post(f"{API}/acme/rotate", given, format="json")
    assert answer.status_code == 400
    assert list(faults(answer)) == list(given)
    assert SourceSecret.objects.count() == 1


def test_a_source_known_by_its_addresses_has_nothing_to_rotate(api: APIClient, make: Any) -> None:
    make(scheme="none", options={"addresses": ["192.0.2.0/24"]})
    assert api.post(f"{API}/acme/rotate", {}, format="json").status_code == 409


def test_a_source_in_use_is_paused_before_it_is_deleted(api: APIClient, make: Any) -> None:
    make()
    delivery = arrive(source="acme")
    assert api.delete(f"{API}/acme").status_code == 409
    api.patch(f"{API}/acme", {"paused": True}, format="json")
    assert api.delete(f"{API}/acme").status_code == 409  # it still has a delivery to be processed
    Delivery.objects.filter(pk=delivery.pk).update(state="handled")
    assert api.delete(f"{API}/acme").status_code == 204
    assert api.get(f"{API}/acme").status_code == 404
    assert Delivery.objects.count() == 1


def test_a_source_that_was_never_used_is_deleted_at_once(api: APIClient, make: Any) -> None:
    make()
    assert api.delete(f"{API}/acme").status_code == 204
    assert not SourceSecret.objects.exists()


def test_whatever_is_done_to_a_source_is_an_intervention_with_its_author_and_without_a_secret(
    api: APIClient, make: Any, staff: User
) -> None:
    made = make()
    api.patch(f"{API}/acme", {"rate": 3}, format="json")
    api.patch(f"{API}/acme", {"rate": 3}, format="json")  # no change
    rotated = api.post(f"{API}/acme/rotate", {}, format="json").json()
    api.delete(f"{API}/acme")
    kept = list(Intervention.objects.order_by("pk"))
    assert {(row.kind, row.via, row.who, row.by_id, row.query) for row in kept} == {
        ("source", "api", "staff@example.com", staff.pk, "source:acme")
    }
    assert [row.reason.partition(" the ")[0] for row in kept] == [
        "Created, standard-webhooks",
        "Changed rate to 3",
        "Rotated to",
        "Deleted",
    ]
    told = " ".join(row.reason for row in kept)
    assert made["secret"] not in told
    assert rotated["secret"] not in told


def test_who_paused_a_source_is_kept_beside_what_people_did_to_deliveries(
    api: APIClient, client: Client, make: Any, staff: User
) -> None:
    make()
    api.patch(f"{API}/acme", {"paused": True}, format="json")
    client.force_login(staff)
    client.post("/console/sources/acme/pause", {"paused": "0"})
    kept = Intervention.objects.order_by("-pk")[:2]
    assert [(row.who, row.via, row.query, row.reason) for row in kept] == [
        ("staff@example.com", "console", "source:acme", "Changed paused to False"),
        ("staff@example.com", "api", "source:acme", "Changed paused to True"),
    ]


def test_weak_settings_are_warned_of(make: Any) -> None:
    weak = make("a", "hmac", secrets=["short"], options={"header": "X-Sig", "hash": "sha1"})
    assert [words.split()[0] for words in weak["warnings"]] == ["SHA-1", "No", "A"]
    assert make("b")["warnings"] == []


def test_a_sample_is_tried_and_nothing_of_it_is_kept(api: APIClient, make: Any) -> None:
    secret = make(object_from=["body:data.id"])["secret"]
    sample = {"headers": signed("acme", secret, BODY), "body": BODY.decode()}
    answer = api.post(f"{API}/acme/test", sample, format="json").json()
    assert answer["verified"] is True
    assert answer["events"] == [{"id": "msg_1", "type": "thing.made", "object_key": "o-1", "ignored": False}]
    assert not Delivery.objects.exists()


def test_a_sample_that_is_not_genuine_is_told_why_and_what_it_says(api: APIClient, make: Any) -> None:
    make()
    answer = api.post(f"{API}/acme/test", {"headers": {}, "body": BODY.decode()}, format="json").json()
    assert (answer["verified"], answer["code"]) == (False, "bad_signature")
    assert "missing" in answer["why"]
    assert answer["events"][0]["type"] == "thing.made"


def test_a_sample_from_long_ago_is_judged_at_its_own_time(api: APIClient, make: Any) -> None:
    make(secrets=[WHSEC])
    # The specification's own example.
    sample = {
        "headers": {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        },
        "body": '{"test": 2432232314}',
    }
    assert api.post(f"{API}/acme/test", sample, format="json").json()["code"] == "stale_timestamp"
    sample["at"] = "2021-02-25T15:02:10Z"
    assert api.post(f"{API}/acme/test", sample, format="json").json()["verified"] is True


@pytest.mark.parametrize(
    "sample",
    [{}, {"body": []}, {"body": "", "headers": []}, {"body": "", "headers": {"a": {}}}, {"body": "", "at": "x"}],
)
def test_a_sample_that_is_none_is_refused(api: APIClient, make: Any, sample: dict[str, Any]) -> None:
    make()
    assert api.post(f"{API}/acme/test", sample, format="json").status_code == 400


@pytest.mark.parametrize("path", ["/nobody", "/nobody/rotate", "/nobody/test", "/%00", "/acme/other"])
def test_what_is_not_there_is_not_found(api: APIClient, path: str) -> None:
    for method in (api.get, api.post, api.patch, api.delete):
        assert method(API + path, {"body": ""}, format="json").status_code in (404, 405)


def test_options_that_the_secrets_do_not_fit_are_refused(api: APIClient, make: Any) -> None:
    make(scheme="hmac", secrets=["no hexadecimal number"], options={"header": "X-Sig"})
    answer = api.patch(f"{API}/acme", {"options": {"header": "X-Sig", "key_encoding": "hex"}}, format="json")
    assert answer.status_code == 400
    assert list(faults(answer)) == ["options.key_encoding"]
