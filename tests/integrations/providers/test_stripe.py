"""Stripe through its own SDK: against the sandbox where it behaves, against a scripted server where it does not."""

import json
from typing import Any

import pytest
import stripe as sdk

from integrations import registry
from integrations.contract import Inbound
from integrations.errors import (
    BadPayload,
    BadSignature,
    Forbidden,
    NotFound,
    OutcomeUnknown,
    Permanent,
    Retryable,
    Unauthorized,
)
from integrations.ports import PaymentGateway, PaymentLine, PaymentRequest, PaymentSnapshot, PaymentState
from tests.integrations.genuine import NOW, is_refused, receive, recorded, signed
from tests.integrations.vendor import Vendor, nobody

REQUEST = PaymentRequest(
    attempt="attempt-1",
    key="key-1",
    order_number="1001",
    amount=3800,
    currency="EUR",
    lines=(
        PaymentLine(name="Mug", quantity=2, unit_amount=1400),
        PaymentLine(name="Tea", quantity=1, unit_amount=1000),
    ),
    email="demo@example.com",
    return_url="http://127.0.0.1:8000/orders/1001",
    cancel_url="http://127.0.0.1:8000/checkout",
)
DECLINED = {"type": "card_error", "code": "card_declined", "message": "Your card was declined."}
provider = registry.all_providers()["stripe"]


@pytest.fixture
def gateway() -> PaymentGateway:
    return registry.port("stripe", PaymentGateway)


@pytest.fixture
def scripted(vendor, monkeypatch) -> Vendor:
    """Stripe's API is the scripted server."""
    monkeypatch.setenv("STRIPE_API_URL", vendor.url)
    return vendor


def intent(**changed: Any) -> dict[str, Any]:
    """A PaymentIntent as Stripe answers it."""
    known = {"id": "pi_1", "object": "payment_intent", "amount": 3800, "amount_received": 0, "currency": "eur"}
    return {**known, "metadata": {"attempt": "attempt-1"}, "last_payment_error": None, **changed}


def session(**changed: Any) -> dict[str, Any]:
    """A Checkout Session as Stripe answers it."""
    known = {"id": "cs_1", "object": "checkout.session", "amount_total": 3800, "currency": "eur", "status": "open"}
    return {**known, "metadata": {"attempt": "attempt-1"}, "payment_intent": None, **changed}


def test_a_payment_is_started_paid_and_read_back(sandbox, gateway):
    started = gateway.start(REQUEST)
    opened = gateway.fetch(started.reference)
    assert started.redirect_url.startswith(sandbox.url)
    assert (opened.state, opened.amount, opened.currency, opened.captured) == (PaymentState.OPEN, 3800, "EUR", 0)
    paid_by = sandbox.control("POST", f"/stripe/checkout/{started.reference}/pay", {})["payment_intent"]
    paid = PaymentSnapshot(
        reference=started.reference,
        attempt="attempt-1",
        state=PaymentState.SUCCEEDED,
        amount=3800,
        currency="EUR",
        captured=3800,
        transaction=paid_by,
    )
    assert gateway.fetch(started.reference) == paid
    assert gateway.fetch(paid_by).state is PaymentState.SUCCEEDED


def test_a_declined_card_is_told_in_stripes_words(sandbox, gateway):
    started = gateway.start(REQUEST)
    sandbox.control("POST", f"/stripe/checkout/{started.reference}/pay", {"card": "4000000000000002"})
    declined = gateway.fetch(started.reference)
    assert (declined.state, declined.failure) == (PaymentState.DECLINED, "Your card was declined.")
    assert declined.captured == 0


@pytest.mark.usefixtures("sandbox")
def test_the_same_key_starts_the_same_payment(gateway):
    assert gateway.start(REQUEST) == gateway.start(REQUEST)


def test_a_lost_answer_is_asked_for_again_and_the_same_key_finds_what_was_done(sandbox, gateway):
    fault = {"provider": "stripe", "match": "POST /v1/checkout/sessions", "fault": "drop_reply", "times": 1}
    sandbox.control("POST", "/faults", fault)
    started = gateway.start(REQUEST)
    asked = [entry["path"] for entry in sandbox.control("GET", "/requests?provider=stripe")]
    assert asked.count("/v1/checkout/sessions") == 2
    assert gateway.start(REQUEST) == started


@pytest.mark.usefixtures("sandbox")
def test_the_sandboxs_key_is_well():
    provider.probe()


def test_a_key_that_stripe_does_not_know_is_not_well(scripted):
    scripted.answers({"error": {"message": "Invalid API Key provided"}}, 401)
    with pytest.raises(Unauthorized):
        provider.probe()


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize("reference", ["cs_test_unknown", "pi_unknown", "", "something else"])
def test_an_unknown_reference_is_not_found(gateway, reference):
    with pytest.raises(NotFound):
        gateway.fetch(reference)


@pytest.mark.parametrize(
    ("status", "error", "state"),
    [
        ("requires_payment_method", None, PaymentState.OPEN),
        ("requires_payment_method", DECLINED, PaymentState.DECLINED),
        ("requires_confirmation", None, PaymentState.OPEN),
        ("requires_action", None, PaymentState.OPEN),
        ("requires_capture", None, PaymentState.PROCESSING),
        ("processing", None, PaymentState.PROCESSING),
        ("succeeded", None, PaymentState.SUCCEEDED),
        ("succeeded", DECLINED, PaymentState.SUCCEEDED),
        ("canceled", None, PaymentState.CANCELLED),
        ("a state of next year", None, PaymentState.PROCESSING),
    ],
)
def test_each_state_of_an_intent_has_our_word(scripted, gateway, status, error, state):
    scripted.answers(intent(status=status, last_payment_error=error))
    snapshot = gateway.fetch("pi_1")
    assert (snapshot.state, snapshot.attempt, snapshot.transaction) == (state, "attempt-1", "pi_1")
    assert snapshot.failure == (DECLINED["message"] if error else "")


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (session(), PaymentState.OPEN),
        (session(status="expired"), PaymentState.CANCELLED),
        (session(payment_intent=intent(status="requires_payment_method")), PaymentState.OPEN),
        (session(status="expired", payment_intent=intent(status="requires_payment_method")), PaymentState.CANCELLED),
        (session(status="expired", payment_intent=intent(status="succeeded")), PaymentState.SUCCEEDED),
        (session(status="expired", payment_intent=intent(status="processing")), PaymentState.PROCESSING),
    ],
)
def test_a_session_tells_of_its_intent_and_expires_only_what_is_open(scripted, gateway, answer, state):
    scripted.answers(answer)
    snapshot = gateway.fetch("cs_1")
    assert (snapshot.reference, snapshot.state, snapshot.amount, snapshot.currency) == ("cs_1", state, 3800, "EUR")


def test_what_was_received_is_captured_and_not_what_was_asked(scripted, gateway):
    scripted.answers(intent(status="succeeded", amount=3800, amount_received=1000))
    assert gateway.fetch("pi_1").captured == 1000


@pytest.mark.parametrize("metadata", [None, {}, {"order": "1001"}])
def test_a_payment_without_our_mark_has_no_attempt(scripted, gateway, metadata):
    scripted.answers(intent(status="succeeded", metadata=metadata))
    assert gateway.fetch("pi_1").attempt == ""


@pytest.mark.parametrize(
    ("status", "body", "error", "asked"),
    [
        (400, {"error": {"type": "invalid_request_error", "message": "No such currency"}}, Permanent, 1),
        (400, {"error": {"type": "idempotency_error", "message": "Keys for idempotent requests"}}, Retryable, 3),
        (401, {"error": {"message": "Invalid API Key"}}, Unauthorized, 1),
        (402, {"error": DECLINED}, Permanent, 1),
        (403, {"error": {"message": "Forbidden"}}, Forbidden, 1),
        (404, {"error": {"message": "No such thing"}}, NotFound, 1),
        (409, {"error": {"message": "Lock timeout"}}, Retryable, 3),
        (500, {"error": {"message": "Oops"}}, OutcomeUnknown, 3),
        (503, b"<html>a proxy's page</html>", OutcomeUnknown, 3),
        (200, b"<html>half of an ans", OutcomeUnknown, 3),
    ],
)
def test_each_answer_of_stripe_says_what_to_do_next(scripted, gateway, status, body, error, asked):
    scripted.answers(body, status)
    with pytest.raises(error) as caught:
        gateway.start(REQUEST)
    assert type(caught.value) is error
    assert len(scripted.asked) == asked, "the key makes it safe to repeat, and three is the most"


def test_stripe_may_say_that_another_try_is_not_worth_it_yet(scripted, gateway):
    scripted.answers({"error": {"message": "Oops"}}, 500, {"Stripe-Should-Retry": "false"})
    with pytest.raises(OutcomeUnknown):
        gateway.start(REQUEST)
    assert len(scripted.asked) == 1


def test_stripes_words_about_a_refusal_are_kept_and_its_echo_of_a_key_is_not(scripted, gateway):
    scripted.answers({"error": {"code": "parameter_missing", "message": "Missing required param"}}, 400)
    with pytest.raises(Permanent, match="parameter_missing Missing required param"):
        gateway.start(REQUEST)
    scripted.script.clear()
    scripted.answers({"error": {"message": "Invalid API Key provided: sk_test_1"}}, 401)
    with pytest.raises(Unauthorized) as caught:
        gateway.start(REQUEST)
    assert "sk_test" not in str(caught.value)


def test_no_answer_is_unknown_and_nobody_at_home_is_not(scripted, gateway, monkeypatch):
    scripted.cuts()
    with pytest.raises(OutcomeUnknown):
        gateway.start(REQUEST)
    monkeypatch.setenv("STRIPE_API_URL", nobody())
    with pytest.raises(Retryable) as caught:
        gateway.start(REQUEST)
    assert type(caught.value) is Retryable


def test_stripes_own_signature_header_is_accepted(monkeypatch):
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", "whsec_1")
    body = recorded(provider, "payment_intent.succeeded").body
    header = sdk.WebhookSignature.generate_signature_header(body.decode(), "whsec_1", timestamp=int(NOW.timestamp()))
    (delivery,) = provider.receive(Inbound(body=body, headers={"stripe-signature": header}, now=NOW))
    assert (delivery.external_id, delivery.kind) == (json.loads(body)["id"], "payment_intent.succeeded")


def test_a_moved_or_doubled_time_is_refused():
    request = recorded(provider)
    header = request.headers["stripe-signature"]
    for forged in (header.replace("t=", "t=1"), f"t=1,{header}", f"{header},t=1", header.replace("v1=", "v0=")):
        with pytest.raises(BadSignature):
            receive(provider, request.saying(forged, "stripe-signature"))


@pytest.mark.parametrize(("livemode", "refused"), [(True, True), (False, False)])
def test_an_event_of_the_other_mode_is_refused(livemode, refused):
    body = json.dumps({**json.loads(recorded(provider).body), "livemode": livemode}).encode()
    assert is_refused(provider, signed(provider, body)) is refused


def test_a_payment_event_without_a_payment_is_refused_by_name():
    with pytest.raises(BadPayload, match=r"data.object.id is missing"):
        provider.interpret("payment_intent.succeeded", b'{"data": {"object": {}}}')


def test_a_thin_event_is_about_the_object_it_refers_to():
    [delivery] = receive(provider, recorded(provider, "v1.payment_intent.succeeded"))
    [fact] = provider.interpret(delivery.kind, delivery.body)
    assert delivery.object_key == fact.reference == "pi_3TmGkE2eZvKYlo2C1Vx8Zq0a"
    assert fact.attempt == ""


@pytest.mark.parametrize("related", [None, {}, {"id": None}])
def test_a_thin_event_that_refers_to_nothing_is_kept(related):
    body = json.dumps({"id": "evt_1", "object": "v2.core.event", "type": "v2.core.x", "related_object": related})
    [delivery] = receive(provider, signed(provider, body.encode()))
    assert (delivery.external_id, delivery.object_key) == ("evt_1", "")


def test_a_thin_event_of_the_other_mode_is_refused():
    event = json.loads(recorded(provider, "v1.payment_intent.succeeded").body)
    assert is_refused(provider, signed(provider, json.dumps({**event, "livemode": True}).encode()))


def test_while_a_secret_is_rolled_either_signature_of_either_secret_is_enough(monkeypatch):
    """https://docs.stripe.com/webhooks#roll-endpoint-secrets: Stripe signs with both; so may we know both."""
    for held in ("whsec_old", "whsec_new", "whsec_old, whsec_new"):
        monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", "whsec_new,whsec_old")
        request = recorded(provider)
        assert request.headers["stripe-signature"].count("v1=") == 2
        monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", held)
        assert receive(provider, request)
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", "whsec_third")
    assert is_refused(provider, request)
