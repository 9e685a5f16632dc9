"""Signatures and samples: what is signed here, the vendors' own verifiers and our plug-ins accept."""

import json
from datetime import UTC, datetime

import pytest
import stripe

from integrations.errors import NotConfigured
from integrations.registry import all_providers
from integrations.sandbox.samples import kinds, renewed, sample
from integrations.sandbox.signing import SIGNERS, sign
from tests.integrations.genuine import know_certificates, receive, signed

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SAMPLES = [(slug, kind) for slug in SIGNERS for kind in kinds(slug)]


@pytest.mark.parametrize(("slug", "kind"), SAMPLES)
def test_every_sample_is_accepted_as_signed(slug, kind):
    know_certificates()
    request = signed(all_providers()[slug], json.dumps(sample(slug, kind)).encode(), kind, NOW)
    assert {delivery.kind for delivery in receive(all_providers()[slug], request)} == {kind}


def test_the_samples_of_the_story_are_there():
    assert {
        ("stripe", "payment_intent.succeeded"),
        ("stripe", "payment_intent.payment_failed"),
        ("stripe", "checkout.session.completed"),
        ("github", "push"),
        ("github", "ping"),
        ("sendgrid", "delivered"),
        ("sendgrid", "bounce"),
        ("stripe", "v1.payment_intent.succeeded"),
        ("paypal", "PAYMENT.CAPTURE.COMPLETED"),
        ("ses", "Bounce"),
        ("slack", "app_mention"),
    } <= set(SAMPLES)


def test_a_rolled_secret_signs_twice(monkeypatch):
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", "whsec_new, whsec_old")
    header = sign("stripe", b"{}", kind="x", now=datetime.now(UTC))["Stripe-Signature"]
    assert header.count("v1=") == 2
    for secret in ("whsec_new", "whsec_old"):
        assert stripe.WebhookSignature.verify_header("{}", header, secret, tolerance=300)


def test_github_names_the_delivery_and_the_event():
    headers = sign("github", b"{}", kind="push", now=NOW, delivery="d-1")
    assert (headers["X-GitHub-Delivery"], headers["X-GitHub-Event"]) == ("d-1", "push")
    assert headers["X-GitHub-Delivery"] != sign("github", b"{}", kind="push", now=NOW)["X-GitHub-Delivery"]


def test_nobody_signs_for_a_vendor_that_signs_nothing():
    with pytest.raises(NotConfigured, match="known are stripe, github, sendgrid"):
        sign("nobody", b"{}", kind="x", now=NOW)


def test_nobody_signs_with_somebody_elses_key(monkeypatch):
    monkeypatch.setenv("SENDGRID_WEBHOOK_KEY", "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE")
    with pytest.raises(NotConfigured, match="private half"):
        sign("sendgrid", b"[]", kind="delivered", now=NOW)


def test_a_sample_that_is_not_there_names_those_that_are():
    with pytest.raises(KeyError, match="ping, push"):
        sample("github", "star")


@pytest.mark.parametrize(("slug", "kind"), SAMPLES)
def test_a_renewed_sample_is_another_event_at_another_time(slug, kind):
    payload = sample(slug, kind)
    fresh = renewed(slug, payload, NOW)
    assert sample(slug, kind) == payload
    if slug == "stripe":
        assert fresh["id"] != payload["id"]
        thin = payload["object"] == "v2.core.event"
        assert fresh["created"] == (NOW.isoformat() if thin else int(NOW.timestamp()))
    for name in ("id", "event_id"):
        if slug in ("paypal", "slack") and name in payload:
            assert fresh[name] != payload[name]
    if slug == "sendgrid":
        assert fresh[0]["sg_event_id"] != payload[0]["sg_event_id"]
