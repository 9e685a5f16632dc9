"""What only SES does: reports in SNS's signed envelope, for several recipients, and a question before the first."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from integrations import registry
from integrations.contract import Inbound, Lengthy
from integrations.errors import BadPayload, BadSignature, Permanent, StaleTimestamp
from integrations.facts import MAIL_OUTCOMES, ConfirmationAsked, MailReported
from integrations.ports import WebhookConfirmer
from integrations.providers.ses import OUTCOMES, sns
from integrations.registry import all_providers
from integrations.sandbox import authority
from integrations.signatures.roots import _public
from tests.integrations.genuine import NOW, Request, facts_of, is_refused, receive, recorded, signed

provider = all_providers()["ses"]
VECTORS = Path(__file__).parents[1] / "vectors"
# Signed by SNS itself, with the certificate of 2022, by version 1 and by version 2.
GENUINE = json.loads((VECTORS / "sns-notifications.json").read_text())
THEN = NOW.replace(year=2022, month=7, day=28, hour=21, minute=30)
MAIL = "0b0e7a1e-4a1e-4d3b-9c55-8f0f3d1f2a10"
TOPIC = "arn:aws:sns:us-east-1:123456789012:patchbay-mail"


@pytest.fixture
def live(settings, monkeypatch) -> None:
    """Away from the sandbox, with the topics of the genuine notifications, knowing SNS's certificate of 2022."""
    settings.PATCHBAY_SANDBOX = False
    monkeypatch.setenv("SES_WEBHOOK_TOPIC", ",".join(one["TopicArn"] for one in GENUINE))
    monkeypatch.setattr(sns.certificates, "_roots", _public)
    served = (VECTORS / "sns-2022.pem").read_bytes() + (VECTORS / "amazon-server-ca-1b.pem").read_bytes()
    sns.certificates.learn(GENUINE[0]["SigningCertURL"], served, sns._names(GENUINE[0]["TopicArn"]), THEN)


@pytest.mark.parametrize("one", GENUINE, ids=lambda one: f"version {one['SignatureVersion']}")
@pytest.mark.usefixtures("live")
def test_what_sns_itself_has_signed_is_verified_and_then_found_to_be_no_report(one):
    with pytest.raises(BadPayload, match="not JSON"):
        receive(provider, Request(json.dumps(one).encode(), {}, THEN))
    for field in ("Message", "MessageId", "Timestamp"):
        changed = {**one, field: one[field].replace("2", "3").replace("H", "h")}
        with pytest.raises(BadSignature):
            receive(provider, Request(json.dumps(changed).encode(), {}, THEN))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://sns.us-east-2.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns.us-west-2.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns.us-east-2.amazonaws.com.example/SimpleNotificationService-1.pem",
        "https://sns.us-east-2.amazonaws.com@example.com/SimpleNotificationService-1.pem",
        "https://sns.us-east-2.amazonaws.com:444/SimpleNotificationService-1.pem",
        "https://sns.us-east-2.amazonaws.com/a/SimpleNotificationService-1.pem",
        "https://sns.us-east-2.amazonaws.com/SimpleNotificationService-1.pem?x",
        "https://sns.us-east-2.amazonaws.com/?Action=ConfirmSubscription#.pem",
        "https://bucket.s3.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns.us-east-2.amazonaws.com/SimpleNotificationService-1.PEM\n",
    ],
)
@pytest.mark.usefixtures("live")
def test_no_certificate_is_fetched_from_anywhere_but_sns_of_the_topics_region(url):
    body = json.dumps({**GENUINE[0], "SigningCertURL": url}).encode()
    with pytest.raises(BadSignature, match="SigningCertURL"):
        provider.receive(Inbound(body=body, headers={}, now=THEN))


@pytest.mark.usefixtures("live")
def test_a_topic_is_ours_by_the_list_and_only_if_it_is_one(monkeypatch):
    monkeypatch.setenv("SES_WEBHOOK_TOPIC", "nonsense")
    for topic in (GENUINE[0]["TopicArn"], "nonsense"):
        body = json.dumps({**GENUINE[0], "TopicArn": topic}).encode()
        with pytest.raises(BadSignature, match="SES_WEBHOOK_TOPIC"):
            provider.receive(Inbound(body=body, headers={}, now=THEN))


@pytest.mark.parametrize(
    ("topic", "home", "name"),
    [
        (TOPIC, "https://sns.us-east-1.amazonaws.com", "sns.amazonaws.com"),
        (
            "arn:aws:sns:il-central-1:123456789012:x",
            "https://sns.il-central-1.amazonaws.com",
            "sns-signing.il-central-1.amazonaws.com",
        ),
        (
            "arn:aws-cn:sns:cn-north-1:123456789012:x",
            "https://sns.cn-north-1.amazonaws.com.cn",
            "sns-cn-north-1.amazonaws.com.cn",
        ),
        (
            "arn:aws-us-gov:sns:us-gov-east-1:123456789012:x",
            "https://sns.us-gov-east-1.amazonaws.com",
            "sns-us-gov-west-1.amazonaws.com",
        ),
    ],
)
def test_each_region_has_its_host_and_the_name_on_its_certificate(settings, topic, home, name):
    settings.PATCHBAY_SANDBOX = False
    assert sns.home_of(topic) == home
    assert name in sns._names(topic)


def test_a_certificate_that_is_not_known_is_fetched_aside(vendor, monkeypatch):
    monkeypatch.setenv("SES_API_URL", vendor.url)
    vendor.answers(authority.certificate("sns.amazonaws.com"))
    request = recorded(provider)
    inbound = Inbound(body=request.body, headers=request.headers, now=NOW)
    with pytest.raises(Lengthy) as caught:
        provider.receive(inbound)
    assert caught.value.finish() == provider.receive(inbound)
    assert len(vendor.asked) == 1


@pytest.mark.parametrize("kind", ["Bounce", "Complaint", "Delivery"])
def test_a_report_is_kept_as_ses_wrote_it_under_snss_id_and_about_our_mail(kind):
    [delivery] = receive(provider, recorded(provider, kind))
    assert (delivery.external_id, delivery.kind, delivery.object_key) == ("delivery-1", kind, MAIL)
    assert "Signature" not in json.loads(delivery.body)
    [fact] = facts_of(provider, [delivery])
    assert isinstance(fact, MailReported)
    assert (fact.mail, fact.recipient) == (MAIL, "ada@example.com")
    assert fact.outcome == {"Bounce": "bounced", "Complaint": "complained", "Delivery": "delivered"}[kind]


def test_a_bounce_of_two_recipients_is_two_facts_each_with_its_reason():
    told = {
        "notificationType": "Bounce",
        "bounce": {
            "bounceType": "Permanent",
            "bounceSubType": "Suppressed",
            "bouncedRecipients": [{"emailAddress": "a@b.c", "diagnosticCode": "550 no"}, {"emailAddress": "d@e.f"}],
        },
        "mail": {"messageId": "m", "tags": {"mail": [MAIL]}},
    }
    facts = provider.interpret("Bounce", json.dumps(told).encode())
    assert [(fact.recipient, fact.reason) for fact in facts] == [("a@b.c", "550 no"), ("d@e.f", "Suppressed")]
    told["bounce"]["bounceType"] = "Transient"
    assert {fact.outcome for fact in provider.interpret("Bounce", json.dumps(told).encode())} == {"deferred"}


@pytest.mark.parametrize(("kind", "said"), OUTCOMES.items())
def test_each_report_has_our_word_whatever_else_it_says(kind, said):
    outcome, where, _ = said
    told = {"eventType": kind, "mail": {"messageId": "m", "tags": {"mail": [MAIL]}, "destination": ["a@b.c"]}}
    section, _, field = where.partition(".")
    told[section] = {**told.get(section, {}), field: ["a@b.c"], "bounceType": "Permanent"}
    [fact] = provider.interpret(kind, json.dumps(told).encode())
    assert (fact.outcome, fact.recipient) == (outcome, "a@b.c")
    assert outcome in MAIL_OUTCOMES


@pytest.mark.parametrize(
    "mail",
    [
        {"messageId": "m"},
        {"messageId": "m", "tags": {"mail": []}},
        {"messageId": "m", "tags": {"mail": [1]}, "headers": "none"},
        {"messageId": "m", "headers": [1, {"name": "X-Metadata"}, {"name": "X-Metadata", "value": "{"}]},
        {"messageId": "m", "headers": [{"name": "X-Metadata", "value": "[1]"}]},
        {"messageId": "m", "headers": [{"name": "X-Metadata", "value": '{"mail": 1}'}]},
    ],
)
def test_a_report_about_a_mail_that_is_not_ours_means_nothing(mail):
    told = {"eventType": "Send", "mail": {"destination": ["a@b.c"], **mail}}
    [delivery] = receive(provider, signed(provider, json.dumps(told).encode()))
    assert delivery.object_key == "m"
    assert facts_of(provider, [delivery]) == []


def test_the_note_that_a_topic_is_connected_is_kept_and_set_aside():
    words = b"Successfully validated SNS topic for Amazon SES event publishing."
    [delivery] = receive(provider, signed(provider, words))
    assert delivery.kind == "TopicConnected"
    assert delivery.kind in provider.ignored


def test_a_message_may_be_repeated_for_hours_and_not_for_days():
    request = recorded(provider)
    assert receive(provider, request, NOW + timedelta(hours=2))
    with pytest.raises(StaleTimestamp):
        receive(provider, request, NOW + timedelta(days=1))


def test_raw_delivery_is_refused_for_it_is_not_signed():
    with pytest.raises(BadPayload, match="Type is missing"):
        receive(provider, Request(b'{"eventType": "Bounce"}', {"x-amz-sns-rawdelivery": "true"}))


def test_half_a_character_in_a_signed_field_is_refused():
    fields = json.loads(recorded(provider).body)
    for name in ("Message", "MessageId", "Subject", "Signature", "Timestamp"):
        assert is_refused(provider, Request(json.dumps({**fields, name: "\ud800"}).encode(), {})), name


def test_a_question_is_answered_at_snss_own_page(sandbox):
    [delivery] = receive(provider, recorded(provider, "SubscriptionConfirmation"))
    [fact] = facts_of(provider, [delivery])
    assert isinstance(fact, ConfirmationAsked)
    assert fact.about == TOPIC
    for _ in range(2):
        registry.port("ses", WebhookConfirmer).confirm(fact.about, fact.reference)
    [confirmed] = sandbox.control("GET", "/ses/subscriptions")
    assert confirmed["topic"] == TOPIC
    assert fact.reference.endswith(confirmed["token"])


@pytest.mark.parametrize(
    ("about", "page"),
    [
        (TOPIC, "https://example.com/?Action=ConfirmSubscription&x"),
        (TOPIC, "https://sns.us-east-1.amazonaws.com@example.com/?Action=ConfirmSubscription&x"),
        (TOPIC, "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&x"),
        (TOPIC, "http://169.254.169.254/"),
        (
            "arn:aws:sns:us-east-1:123456789012:another",
            "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&",
        ),
    ],
)
def test_nobody_has_us_visit_any_other_page(settings, monkeypatch, about, page):
    settings.PATCHBAY_SANDBOX = False
    monkeypatch.setenv("SES_WEBHOOK_TOPIC", TOPIC)
    with pytest.raises(Permanent, match="no subscription to a topic of ours"):
        registry.port("ses", WebhookConfirmer).confirm(about, page)
