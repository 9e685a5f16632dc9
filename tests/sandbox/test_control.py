"""The control surface and the front page."""

import pytest
from httpx2 import TransportError

from integrations.registry import all_providers
from tests.sandbox.conftest import KEY

SENDGRID = {"Authorization": "Bearer SG.patchbay-sandbox"}


def test_it_is_well(sandbox):
    vendors = ["stripe", "sendgrid", "paypal", "ses", "github"]
    assert sandbox.control("GET", "/health") == {"status": "ok", "vendors": vendors}


def test_the_credentials_in_force_are_told(sandbox, monkeypatch):
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_test_from_the_environment")
    told = sandbox.control("GET", "/credentials")
    assert told["stripe"] == {
        "secret_key": "sk_test_from_the_environment",
        "webhook_secret": "whsec_patchbay_sandbox",
    }
    assert told["github"] == {
        "webhook_secret": "patchbay-github-sandbox-secret",
        "token": "ghp_patchbay_sandbox",
        "hook": "patchbay-example/storefront/500000001",
    }
    assert told["sendgrid"] == {
        "api_key": "SG.patchbay-sandbox",
        "webhook_key": all_providers()["sendgrid"].secret("WEBHOOK_KEY"),
    }
    answer = sandbox.ask("GET", "/stripe/v1/balance", headers={"Authorization": "Bearer sk_test_from_the_environment"})
    assert answer.status_code == 200


def test_requests_are_kept_with_the_key_masked(sandbox):
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/x-www-form-urlencoded"}
    sandbox.ask("POST", "/stripe/v1/refunds?x=1", headers=headers, content="charge=ch_1")
    sandbox.ask("GET", "/sendgrid/v3/scopes", headers=SENDGRID)
    (asked,) = sandbox.control("GET", "/requests?provider=stripe")
    assert (asked["method"], asked["path"], asked["status"]) == ("POST", "/v1/refunds?x=1", 404)
    assert asked["body"] == "charge=ch_1"
    assert asked["headers"]["authorization"] == "Bearer sk_t…"
    assert asked["at"].endswith("+00:00")
    assert KEY not in str(sandbox.control("GET", "/requests"))
    assert len(sandbox.control("GET", "/requests")) == 2


def test_a_request_without_an_answer_is_kept_without_a_status(sandbox):
    sandbox.control("POST", "/faults", {"provider": "stripe", "fault": "reset"})
    with pytest.raises(TransportError):
        sandbox.ask("GET", "/stripe/v1/balance")
    assert sandbox.control("GET", "/requests")[0]["status"] is None


def test_the_clock_only_goes_forward(sandbox):
    assert sandbox.control("GET", "/clock")["ahead"] == 0
    assert sandbox.control("POST", "/clock", {"advance": 90})["ahead"] == 90
    assert sandbox.control("POST", "/clock", {"advance": 0.5})["ahead"] == 90.5


def test_a_reset_forgets_everything(client, session, pay, sandbox):
    pay(session)
    sandbox.control("POST", "/clock", {"advance": 90})
    sandbox.control("POST", "/faults", {"provider": "stripe", "fault": "reset"})
    sandbox.control("POST", "/webhooks", {"provider": "stripe", "drop": 1})
    sandbox.control("POST", "/reset")
    for path in ("/faults", "/mail", "/requests", "/webhooks"):
        assert sandbox.control("GET", path) == []
    assert sandbox.control("GET", "/clock")["ahead"] == 0
    assert client.v1.checkout.sessions.list().data == []
    assert client.v1.events.list().data == []


@pytest.mark.parametrize(
    ("path", "wish"),
    [
        ("/clock", {}),
        ("/clock", {"advance": -1}),
        ("/clock", {"advance": "1"}),
        ("/clock", {"advance": True}),
        ("/clock", {"advance": 1e300}),
        ("/webhooks", {"drop": 0.5}),
        ("/webhooks", {"provider": "nobody"}),
        ("/webhooks", {"provider": "stripe", "drop": 2}),
        ("/webhooks", {"provider": "stripe", "duplicate": -0.1}),
        ("/webhooks", {"provider": "stripe", "delay": -1}),
        ("/webhooks", {"provider": "stripe", "shuffle": "yes"}),
        ("/send", {"provider": "github"}),
        ("/send", {"provider": "github", "kind": "nothing"}),
        ("/send", {"provider": "github", "kind": "../stripe/x"}),
        ("/send", {"provider": "nobody", "kind": "push"}),
        ("/faults", []),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_in_words(sandbox, path, wish):
    answer = sandbox.ask("POST", f"/_control{path}", json=wish)
    assert answer.status_code == 400
    assert len(answer.json()["error"]) > 5


@pytest.mark.parametrize("body", [b"{", b"\xff", b"NaN", b"[" * 100_000])
def test_a_wish_that_is_no_json_is_refused_in_words(sandbox, body):
    answer = sandbox.ask("POST", "/_control/clock", content=body)
    assert (answer.status_code, answer.json()) == (400, {"error": "the body is not JSON"})


@pytest.mark.parametrize(
    ("wish", "status"), [({"card": 4242}, 400), ({"card": "1234"}, 400), ({"authenticate": 1}, 400)]
)
def test_a_card_that_is_none_is_refused_in_words(sandbox, session, wish, status):
    answer = sandbox.ask("POST", f"/_control/stripe/checkout/{session.id}/pay", json=wish)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_a_session_that_is_none_is_a_404_in_words(sandbox):
    answer = sandbox.ask("POST", "/_control/stripe/checkout/cs_nobodys/pay")
    assert (answer.status_code, answer.json()) == (404, {"error": "there is no such checkout session"})


def test_paying_twice_is_a_409_in_words(sandbox, session, pay):
    pay(session)
    answer = sandbox.ask("POST", f"/_control/stripe/checkout/{session.id}/pay")
    assert (answer.status_code, answer.json()) == (409, {"error": "This payment is already made."})


def test_the_front_page_says_what_happened(sandbox, session, pay):
    empty = sandbox.ask("GET", "/").text
    assert "No mail yet" in empty
    pay(session)
    shown = sandbox.ask("GET", "/")
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    for words in ("Stripe", "SendGrid", "POST /v1/checkout/sessions", "payment_intent.succeeded"):
        assert words in shown.text


def test_what_is_not_there_is_a_page_in_words(sandbox):
    answer = sandbox.ask("GET", "/nowhere")
    assert answer.status_code == 404
    assert "Nothing in the sandbox answers at /nowhere" in answer.text
