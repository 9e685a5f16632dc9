"""SendGrid in the sandbox: Anymail sends, the mail can be read, and the reports come back signed."""

import json
from datetime import UTC, datetime

import pytest
from django.core.mail import EmailMultiAlternatives
from hypothesis import given, settings

from integrations.contract import Inbound
from integrations.errors import OutcomeUnknown
from integrations.ports import MailCarrier
from integrations.registry import all_providers
from tests.integrations.spoiling import spoilt

KEY = {"Authorization": "Bearer SG.patchbay-sandbox"}
SEND = "/sendgrid/v3/mail/send"
GOOD = {
    "personalizations": [{"to": [{"email": "ada@example.com"}]}],
    "from": {"email": "hello@shop.example"},
    "subject": "Hello",
    "content": [{"type": "text/plain", "value": "Hi"}],
}
PARTS = [{"type": "text/html", "value": "<p>"}, {"type": "text/plain", "value": "Hi"}]


@pytest.fixture
def carrier(sandbox):
    return all_providers()["sendgrid"].port(MailCarrier)


def mail(*to, identifier="m-1"):
    message = EmailMultiAlternatives("Order 1001", "In words: ü", "Shop <hello@shop.example>", list(to))
    message.attach_alternative("<p>In HTML: ü</p>", "text/html")
    message.metadata = {"mail": identifier}
    return message


def test_what_anymail_sends_can_be_read(carrier, sandbox):
    carrier.backend().send_messages([mail("Ada <ada@example.com>")])
    (kept,) = sandbox.control("GET", "/mail?to=Ada%40example.com")
    assert kept.pop("at")
    assert kept == {
        "to": "ada@example.com",
        "from": "hello@shop.example",
        "subject": "Order 1001",
        "text": "In words: ü",
        "html": "<p>In HTML: ü</p>",
    }
    assert sandbox.control("GET", "/mail?to=bob%40example.com") == []


def test_each_recipient_has_a_mail(carrier, sandbox):
    carrier.backend().send_messages([mail("ada@example.com", "bob@example.com")])
    assert [kept["to"] for kept in sandbox.control("GET", "/mail")] == ["ada@example.com", "bob@example.com"]


def test_a_mail_that_was_taken_is_found_by_our_id(carrier):
    assert not carrier.accepted('m-"1"')
    carrier.backend().send_messages([mail("ada@example.com", identifier='m-"1"')])
    assert carrier.accepted('m-"1"')
    assert not carrier.accepted("m-2")


def test_a_mail_whose_answer_was_lost_was_taken_all_the_same(carrier, sandbox):
    sandbox.control("POST", "/faults", {"provider": "sendgrid", "match": "POST *", "fault": "drop_reply"})
    with pytest.raises(OutcomeUnknown):
        carrier.backend().send_messages([mail("ada@example.com")])
    assert carrier.accepted("m-1")


@pytest.mark.parametrize(
    ("to", "outcomes"),
    [("ada@example.com", ["accepted", "delivered"]), ("bounce@example.com", ["accepted", "bounced"])],
)
def test_the_reports_come_in_one_signed_request(carrier, receiver, to, outcomes):
    carrier.backend().send_messages([mail(to)])
    (request,) = receiver.take()
    assert request.path == "/webhooks/sendgrid"
    assert request.body.endswith(b"\r\n")
    plug_in = all_providers()["sendgrid"]
    deliveries = plug_in.receive(Inbound(body=request.body, headers=request.headers, now=datetime.now(UTC)))
    facts = [fact for item in deliveries for fact in plug_in.interpret(item.kind, item.body)]
    assert [(fact.mail, fact.recipient, fact.outcome) for fact in facts] == [("m-1", to, one) for one in outcomes]
    assert len({item.external_id for item in deliveries}) == 2


def test_reports_are_tried_again_for_a_day(carrier, receiver, sandbox):
    receiver.statuses = [500] * 50
    carrier.backend().send_messages([mail("ada@example.com")])
    sandbox.control("POST", "/clock", {"advance": 24 * 3600})
    assert len({request.body for request in receiver.take(8)}) == 1
    sandbox.control("POST", "/clock", {"advance": 24 * 3600})
    assert receiver.is_quiet()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"personalizations": []}, "personalizations"),
        ({"personalizations": [{"to": []}]}, "personalizations.0.to"),
        ({"personalizations": [{"to": [{"email": "nobody"}]}]}, "personalizations.0.to.0.email"),
        ({"personalizations": [{"to": [{"email": "a@b.example"}] * 2}]}, "personalizations.0.to"),
        ({"from": {}}, "from.email"),
        ({"from": "hello@shop.example"}, "from"),
        ({"subject": ""}, "subject"),
        ({"content": []}, "content"),
        ({"content": [{"type": "text/plain", "value": ""}]}, "content.0.value"),
        ({"content": [{"value": "Hi"}]}, "content.0.type"),
        ({"content": PARTS}, "content"),
        ({"custom_args": {"order": 1001}}, "custom_args"),
        ({"subject": 5}, "subject"),
        ({"content": None}, "content"),
        ({"template_id": "d-1", "content": ["Hi"]}, "content.0.type"),
    ],
)
def test_a_bad_mail_is_refused_by_field(sandbox, change, field):
    answer = sandbox.ask("POST", SEND, headers=KEY, json={**GOOD, **change})
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert error["message"]
    assert sandbox.control("GET", "/mail") == []


def test_no_mail_makes_the_api_stumble(sandbox):
    @settings(max_examples=150, deadline=None)
    @given(
        spoilt({**GOOD, "mail_settings": {"sandbox_mode": {"enable": False}}, "categories": ["a"], "template_id": "x"})
    )
    def send(body):
        assert sandbox.ask("POST", SEND, headers=KEY, content=json.dumps(body).encode()).status_code in (200, 202, 400)

    send()
    sandbox.control("GET", "/mail")


def test_sendgrids_own_sandbox_mode_keeps_no_mail(sandbox):
    rehearsal = {**GOOD, "mail_settings": {"sandbox_mode": {"enable": True}}}
    assert sandbox.ask("POST", SEND, headers=KEY, json=rehearsal).status_code == 200
    assert sandbox.control("GET", "/mail") == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"subject": "\\ud800"}', b"[" * 100_000])
def test_a_body_that_is_no_mail_is_a_400(sandbox, body):
    answer = sandbox.ask("POST", SEND, headers=KEY, content=body)
    assert answer.status_code == 400
    assert answer.json()["errors"]


def test_a_good_mail_is_a_202_with_an_id_and_no_body(sandbox):
    answer = sandbox.ask("POST", SEND, headers=KEY, json=GOOD)
    assert (answer.status_code, answer.content) == (202, b"")
    assert answer.headers["x-message-id"]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer SG.other"}, {"Authorization": "Basic x"}])
def test_another_key_is_refused(sandbox, headers):
    answer = sandbox.ask("GET", "/sendgrid/v3/scopes", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["message"]


def test_the_probe_of_our_plug_in_is_content(sandbox):
    all_providers()["sendgrid"].probe()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('to_email="ada@example.com"', 1),
        ('to_email="ada@example.com" AND subject="Hello"', 1),
        ('to_email="ada@example.com" AND subject="Bye AND bye"', 0),
        ("", 1),
    ],
)
def test_the_activity_feed_is_searched(sandbox, query, found):
    sandbox.ask("POST", SEND, headers=KEY, json=GOOD)
    answer = sandbox.ask("GET", "/sendgrid/v3/messages", headers=KEY, params={"limit": 10, "query": query})
    assert [message["status"] for message in answer.json()["messages"]] == ["delivered"] * found


@pytest.mark.parametrize("params", [{}, {"limit": 0}, {"limit": "²"}, {"limit": 1, "query": "colour LIKE 'g%'"}])
def test_a_search_that_cannot_be_read_is_refused(sandbox, params):
    assert sandbox.ask("GET", "/sendgrid/v3/messages", headers=KEY, params=params).status_code == 400


def test_an_address_that_is_not_simulated_says_so(sandbox):
    answer = sandbox.ask("GET", "/sendgrid/v3/templates", headers=KEY)
    assert answer.status_code == 404
    assert "does not simulate" in json.dumps(answer.json())
