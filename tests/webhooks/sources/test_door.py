"""Custom sources at the door: what is genuine is stored once, what is not leaves nothing, and neither costs queries."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError
from django.db.models import Value
from django.db.models.functions import Concat
from django.utils import timezone
from rest_framework.test import APIClient

from integrations.contract import Inbound, Lengthy
from integrations.facts import SourceSpoke
from tests.webhooks.sources.conftest import API, SCHEMES, Knock, signed
from webhooks.care.audit import at_command_line
from webhooks.care.choice import Choice
from webhooks.care.orders import replay
from webhooks.checks import rates_of_sources_are_numbers
from webhooks.inbox.contents import content_of
from webhooks.models import Delivery, ForgeryHour, OutboxEvent, SourceSecret
from webhooks.path import timeline
from webhooks.processing import handling
from webhooks.processing.drain import drain
from webhooks.processing.handling import handles
from webhooks.sources import find
from webhooks.sources.forgeries import forgeries
from webhooks.sources.schemes import Headers
from webhooks.sources.snapshot import snapshot

pytestmark = pytest.mark.django_db(transaction=True)

BODY = b'{"id":"ev-1","type":"thing.made","data":{"id":"o-1"}}'


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_is_genuine_is_stored_and_acknowledged(make: Any, knock: Knock, scheme: str) -> None:
    made = make(scheme=scheme, object_from=["body:data.id"], **SCHEMES[scheme])
    assert knock("acme", BODY, signed("acme", made.get("secret", ""), BODY)).status == 200
    row = Delivery.objects.get()
    assert (row.source, row.kind, row.object_key) == ("acme", "thing.made", "o-1")
    assert row.external_id == ("msg_1" if scheme == "standard-webhooks" else "ev-1")
    content = content_of(row)
    assert content is not None
    assert content.body == BODY
    assert not {"authorization", "x-token"} & set(content.headers)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_is_forged_is_refused_and_leaves_no_delivery(make: Any, knock: Knock, scheme: str) -> None:
    make(scheme=scheme, **SCHEMES[scheme])
    for headers in ({}, signed("acme", "whsec_" + "QUJD" * 8, BODY)):
        answer = knock("acme", BODY, headers, address="198.51.100.7")
        assert (answer.status, answer.problem["code"]) == (400, "bad_signature")
    assert not Delivery.objects.exists()


def test_a_genuine_request_that_is_too_old_is_refused(make: Any, knock: Knock) -> None:
    secret = make()["secret"]
    for off in (-301, 301):
        old = signed("acme", secret, BODY, now=timezone.now() + timedelta(seconds=off))
        assert knock("acme", BODY, old).problem["code"] == "stale_timestamp"


def test_a_copy_is_acknowledged_and_stored_once(make: Any, knock: Knock) -> None:
    headers = signed("acme", make()["secret"], BODY)
    assert [knock("acme", BODY, headers).status for _ in range(3)] == [200, 200, 200]
    assert Delivery.objects.count() == 1


def test_accepting_costs_at_most_two_statements_and_refusing_none(make: Any, knock: Knock, queries: list[str]) -> None:
    headers = signed("acme", make()["secret"], BODY)
    queries.clear()
    assert knock("acme", BODY, headers).status == 200
    writes = [sql for sql in queries if not sql.startswith(("BEGIN", "COMMIT", "PRAGMA"))]
    assert len(writes) <= 2
    queries.clear()
    assert knock("acme", BODY + b" ", headers).status == 400
    assert knock("acme", BODY, {}).status == 400
    assert knock("nobody", BODY, headers).status == 404
    assert knock("github", BODY, headers).status == 400
    assert queries == []


def test_the_first_unknown_slug_of_a_process_is_looked_up_once(knock: Knock, queries: list[str]) -> None:
    for _ in range(5):
        assert knock("nobody", BODY, {}).status == 404
    assert len([sql for sql in queries if "webhooks_source" in sql]) <= 3
    assert snapshot.loaded


@pytest.mark.parametrize("error", [OperationalError("no such host"), InterfaceError("the connection is closed")])
def test_a_process_that_cannot_look_yet_asks_to_come_again(
    knock: Knock, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def gone() -> None:
        raise error

    monkeypatch.setattr(snapshot, "refresh", gone)
    answer = knock("acme", BODY, {})
    assert (answer.status, answer.problem["code"]) == (503, "not_stored")
    assert int(answer.headers[b"retry-after"]) > 0


def test_a_paused_source_is_asked_to_come_again_without_a_look_at_its_body(
    api: APIClient, make: Any, knock: Knock
) -> None:
    headers = signed("acme", make(paused=True)["secret"], BODY)
    answer = knock("acme", BODY, headers)
    assert (answer.status, answer.problem["code"]) == (503, "source_paused")
    assert answer.headers[b"retry-after"] == b"300"
    api.patch(f"{API}/acme", {"paused": False}, format="json")
    assert knock("acme", BODY, headers).status == 200


def test_both_secrets_are_good_during_the_overlap_and_the_old_one_ends_with_it(
    api: APIClient, make: Any, knock: Knock
) -> None:
    old = make()["secret"]
    new = api.post(f"{API}/acme/rotate", {"overlap_hours": 1}, format="json").json()["secret"]
    for number, secret in enumerate((old, new)):
        assert knock("acme", BODY, signed("acme", secret, BODY, f"msg_{number}")).status == 200
    later = timezone.now() + timedelta(hours=1, seconds=1)
    known = snapshot.get("acme")
    assert known is not None
    assert known.live_secrets(later) == [new]
    SourceSecret.objects.filter(expires_at__isnull=False).update(expires_at=timezone.now())
    snapshot.forget()
    assert knock("acme", BODY, signed("acme", old, BODY, "msg_3")).status == 400
    assert knock("acme", BODY, signed("acme", new, BODY, "msg_4")).status == 200


def test_a_source_whose_last_secret_has_expired_is_asked_to_come_again(make: Any, knock: Knock) -> None:
    headers = signed("acme", make()["secret"], BODY)
    SourceSecret.objects.update(expires_at=timezone.now())
    snapshot.forget()
    assert knock("acme", BODY, headers).status == 503


def test_a_deleted_source_is_gone_at_once(api: APIClient, make: Any, knock: Knock) -> None:
    headers = signed("acme", make()["secret"], BODY)
    api.delete(f"{API}/acme")
    assert knock("acme", BODY, headers).status == 404


def test_a_repeated_signature_header_is_one_list_and_no_way_around(make: Any, knock: Knock) -> None:
    secret = make(scheme="hmac", options={"header": "X-Sig"})["secret"]
    good = signed("acme", secret, BODY)["X-Sig"]
    assert knock("acme", BODY, [("X-Sig", "0" * 64), ("X-Sig", good)]).status == 400
    assert knock("acme", BODY, [("X-Sig", good)]).status == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"{not json", "bad_payload"), (b"\xff", "bad_payload"), (b'{"id":"x","type":"%s"}' % (b"y" * 256), "refused")],
)
def test_a_genuine_body_that_cannot_be_kept_is_refused(make: Any, knock: Knock, body: bytes, code: str) -> None:
    answer = knock("acme", body, signed("acme", make()["secret"], body))
    assert (answer.status, answer.problem["code"]) == (400, code)
    assert not Delivery.objects.exists()
    forgeries.flush()
    assert not ForgeryHour.objects.exists()


def test_a_body_of_any_format_is_taken_where_that_is_agreed(make: Any, knock: Knock) -> None:
    secret = make(format="any", type_from=["header:X-Event", "text:post"])["secret"]
    body = b"command=%2Fdeploy&text=\xff"
    assert knock("acme", body, signed("acme", secret, body)).status == 200
    assert Delivery.objects.get().kind == "post"


def test_an_array_becomes_one_delivery_an_event_where_that_is_agreed(make: Any, knock: Knock) -> None:
    secret = make(split=True, id_from=["body:id", "body-hash"])["secret"]
    body = json.dumps([{"id": 1, "type": "a"}, {"id": 2, "type": "b"}, {"type": "c"}]).encode()
    assert knock("acme", body, signed("acme", secret, body)).status == 200
    assert [row.kind for row in Delivery.objects.order_by("pk")] == ["a", "b", "c"]
    large = json.dumps([{"id": f"l{n}", "type": "a" * 100} for n in range(500)]).encode()
    assert knock("acme", large, signed("acme", secret, large)).status == 200
    assert Delivery.objects.filter(kind="a" * 100).delete()[0] == 500
    with pytest.raises(Lengthy):
        find("acme").receive(Inbound(body=large, headers=lowered(signed("acme", secret, large)), now=timezone.now()))
    many = json.dumps([{"id": n} for n in range(1001)]).encode()
    assert knock("acme", many, signed("acme", secret, many)).status == 400
    assert Delivery.objects.count() == 3


def lowered(headers: Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def test_the_rate_of_a_source_is_kept_exactly_and_forgers_do_not_pay_from_it(make: Any, knock: Knock) -> None:
    secret = make(rate=3)["secret"]
    assert {knock("acme", BODY, {}).status for _ in range(20)} == {400}
    answers = [knock("acme", BODY, signed("acme", secret, BODY, f"msg_{n}")) for n in range(8)]
    assert [answer.status for answer in answers][:3] == [200, 200, 200]
    assert 429 in {answer.status for answer in answers}
    refused = next(answer for answer in answers if answer.status == 429)
    assert refused.problem["code"] == "rate_limited"
    assert refused.headers[b"retry-after"] == b"1"
    assert Delivery.objects.count() == [answer.status for answer in answers].count(200)


def test_a_plug_in_has_its_rate_from_the_environment(knock: Knock, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.webhooks.test_ingest import BODY as PUSH
    from tests.webhooks.test_ingest import headers

    monkeypatch.setenv("GITHUB_WEBHOOK_RATE", "0.05")
    given = [(name.decode(), value.decode()) for name, value in headers(PUSH)]
    assert [knock("github", PUSH, given).status for _ in range(2)] == [200, 429]


def test_an_address_is_the_one_that_the_trusted_proxy_saw(make: Any, knock: Knock, settings: Any) -> None:
    make(scheme="none", options={"addresses": ["192.0.2.0/24"]})
    claimed = {"X-Forwarded-For": "192.0.2.7, 198.51.100.9"}
    assert knock("acme", BODY, claimed, address="198.51.100.1").status == 400
    settings.TRUSTED_PROXY_COUNT = 1
    assert knock("acme", BODY, claimed, address="198.51.100.1").status == 400
    settings.TRUSTED_PROXY_COUNT = 2
    assert knock("acme", BODY, claimed, address="198.51.100.1").status == 200


def test_a_rate_that_is_none_is_found_by_the_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ("many", "-1", "nan", "inf"):
        monkeypatch.setenv("GITHUB_WEBHOOK_RATE", wrong)
        (found,) = rates_of_sources_are_numbers()
        assert (found.id, "GITHUB_WEBHOOK_RATE" in found.msg) == ("webhooks.E003", True)
    monkeypatch.setenv("GITHUB_WEBHOOK_RATE", "0.5")
    assert rates_of_sources_are_numbers() == []


def test_a_team_acts_on_what_it_said_beside_us(make: Any, knock: Knock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handling, "_handlers", dict(handling._handlers))
    heard: list[int] = []
    handles(SourceSpoke)(lambda fact: lambda: heard.append(fact.delivery))
    handles(SourceSpoke)(lambda fact: None)
    secret = make()["secret"]
    knock("acme", BODY, signed("acme", secret, BODY))
    drain()
    assert heard == [Delivery.objects.get().pk]
    assert OutboxEvent.objects.get().name == "source.received"


def test_what_it_said_is_told_to_staff_without_the_body(make: Any, knock: Knock) -> None:
    secret = make(object_from=["body:data.id"], ignored=["thing.seen"])["secret"]
    seen = b'{"type":"thing.seen"}'
    knock("acme", BODY, signed("acme", secret, BODY))
    knock("acme", seen, signed("acme", secret, seen, "msg_2"))
    snapshot.forget()  # as a worker that has not seen the source yet
    assert drain() == 2
    handled, ignored = Delivery.objects.order_by("pk")
    assert (handled.state, ignored.state, ignored.error) == ("handled", "ignored", "a kind we set aside")
    event = OutboxEvent.objects.get()
    assert (event.name, event.about, event.user_id) == ("source.received", "source:acme:o-1", None)
    told = {"source": "acme", "kind": "thing.made", "object_key": "o-1", "delivery": handled.pk}
    assert event.data == told
    assert handled.facts == [{"fact": "SourceSpoke", **told}]


def test_the_path_of_one_event_is_not_that_of_all_its_source_said(make: Any, knock: Knock) -> None:
    secret = make(object_from=["body:data.id"])["secret"]
    for number in range(3):
        body = json.dumps({"type": "thing.made", "data": {"id": f"o-{number % 2}"}}).encode()
        knock("acme", body, signed("acme", secret, body, f"msg_{number}"))
    Delivery.objects.update(request_id=Concat(Value("request-"), "external_id"))  # as the door beside it gives them
    drain()
    paths = [timeline.of_delivery(row) for row in Delivery.objects.order_by("pk")]
    assert [len([step for step in path if step["kind"] == "event"]) for path in paths] == [2, 1, 2]


@pytest.mark.parametrize("name", ["object_from", "none"])
def test_an_event_is_about_its_object_however_long_its_key_is_else_about_itself(
    make: Any, knock: Knock, name: str
) -> None:
    secret = make(object_from=["body:key"] if name == "object_from" else [])["secret"]
    for number, key in enumerate(["k" * 254 + "a", "k" * 254 + "b", "k" * 254 + "a"]):
        body = json.dumps({"type": "thing.made", "key": key}).encode()
        knock("acme", body, signed("acme", secret, body, f"msg_{number}"))
    drain()
    about = list(OutboxEvent.objects.order_by("pk").values_list("about", flat=True))
    assert len(set(about)) == (2 if name == "object_from" else 3)
    assert all(len(one) <= 100 and one.startswith("source:acme:") for one in about)


def test_a_replay_tells_of_nothing_twice_and_calls_the_handlers_again(
    make: Any, knock: Knock, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = make()["secret"]
    assert knock("acme", BODY, signed("acme", secret, BODY)).status == 200
    called: list[SourceSpoke] = []
    monkeypatch.setattr(handling, "_handlers", dict(handling._handlers))
    handles(SourceSpoke)(called.append)
    drain()
    replay(Choice(picked=(Delivery.objects.get().pk,)), at_command_line(), "to see")
    drain()
    assert Delivery.objects.get().state == "handled"
    assert len(called) == 2
    assert OutboxEvent.objects.get().name == "source.received"
