"""What only SendGrid does, received and asked for."""

import json
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from integrations import registry
from integrations.contract import Inbound, Lengthy
from integrations.errors import BadPayload, BadSignature, NotFound, OutcomeUnknown, Retryable, Unauthorized
from integrations.facts import MAIL_OUTCOMES, MailReported
from integrations.ports import MailCarrier
from integrations.providers.sendgrid import OUTCOMES
from tests.integrations.genuine import facts_of, is_refused, receive, recorded, signed

provider = registry.all_providers()["sendgrid"]


def event(**changed: object) -> dict[str, object]:
    known = {"email": "a@example.com", "event": "delivered", "sg_event_id": "e1", "sg_message_id": "m1", "mail": "ours"}
    return {**known, **changed}


@pytest.fixture
def carrier(vendor, monkeypatch) -> MailCarrier:
    """SendGrid's API is the scripted server."""
    monkeypatch.setenv("SENDGRID_API_URL", vendor.url)
    return registry.port("sendgrid", MailCarrier)


def test_a_large_batch_is_split_in_a_thread_once_it_is_known_to_be_genuine():
    batch = [event(sg_event_id=f"e{number}") for number in range(1000)]
    request = signed(provider, json.dumps(batch).encode())
    inbound = Inbound(body=request.body, headers=request.headers, now=request.at)
    with pytest.raises(Lengthy) as caught:
        provider.receive(inbound)
    assert [item.external_id for item in caught.value.finish()] == [f"e{number}" for number in range(1000)]
    with pytest.raises(BadSignature):
        provider.receive(replace(inbound, body=request.body + b" "))


def test_each_event_of_a_batch_is_a_delivery_of_its_own():
    batch = [event(), event(event="open", sg_event_id="e2"), event(event="bounce", sg_event_id="e3", email="b@b.c")]
    deliveries = receive(provider, signed(provider, json.dumps(batch).encode()))
    assert [(item.external_id, item.kind) for item in deliveries] == [
        ("e1", "delivered"),
        ("e2", "open"),
        ("e3", "bounce"),
    ]
    assert [json.loads(item.body) for item in deliveries] == batch


@pytest.mark.parametrize(("mail", "key"), [("ours", "ours"), ("", "m1")])
def test_a_report_is_about_our_mail_by_our_own_id(mail: str, key: str):
    [delivery] = receive(provider, signed(provider, json.dumps([event(mail=mail)]).encode()))
    assert delivery.object_key == key


def test_a_trailing_newline_is_part_of_what_is_signed():
    request = recorded(provider)
    with_newline = signed(provider, request.body + b"\r\n")
    assert receive(provider, with_newline)
    assert is_refused(provider, with_newline.having(body=request.body))


def test_a_batch_with_one_bad_event_is_refused_whole():
    body = json.dumps([event(), event(sg_event_id=None)]).encode()
    with pytest.raises(BadPayload, match=r"an event.sg_event_id is not text"):
        receive(provider, signed(provider, body))


def test_a_timestamp_that_was_not_signed_is_refused():
    request = recorded(provider)
    assert is_refused(provider, request.saying("1", "x-twilio-email-event-webhook-timestamp"))


@pytest.mark.parametrize(("word", "outcome"), OUTCOMES.items())
def test_each_report_has_our_word(word, outcome):
    deliveries = receive(provider, signed(provider, json.dumps([event(event=word, reason="550 unknown")]).encode()))
    told = MailReported(
        source="sendgrid", mail="ours", recipient="a@example.com", outcome=outcome, reason="550 unknown"
    )
    assert facts_of(provider, deliveries) == [told]
    assert outcome in MAIL_OUTCOMES


def test_a_report_about_a_mail_that_is_not_ours_means_nothing():
    assert provider.interpret("delivered", json.dumps(event(mail="")).encode()) == []


@pytest.mark.parametrize(("messages", "taken"), [([{"msg_id": "1"}], True), ([], False)])
def test_the_activity_feed_tells_whether_a_mail_was_taken(vendor, carrier, messages, taken):
    vendor.answers({"messages": messages})
    assert carrier.accepted('it"s') is taken
    ((method, path),) = vendor.asked
    query = parse_qs(urlsplit(path).query)["query"]
    assert (method, urlsplit(path).path) == ("GET", "/v3/messages")
    assert query == ["""(unique_args['mail']="it\\"s")"""]


@pytest.mark.parametrize("answer", [{"errors": []}, b"<html>half of an ans"])
def test_a_feed_that_is_no_feed_is_asked_again(vendor, carrier, answer):
    vendor.answers(answer)
    with pytest.raises(Retryable):
        carrier.accepted("ours")


@pytest.mark.parametrize(("status", "error"), [(401, Unauthorized), (404, NotFound)])
def test_a_refusal_is_told_apart(vendor, carrier, status, error):
    vendor.answers({}, status).answers({}, status)
    with pytest.raises(error):
        carrier.accepted("ours")
    with pytest.raises(error):
        provider.probe()


def test_silence_is_no_answer(vendor, carrier):
    vendor.cuts()
    with pytest.raises(OutcomeUnknown):
        carrier.accepted("ours")


@pytest.mark.usefixtures("sandbox")
def test_the_sandboxs_key_is_well():
    provider.probe()
