"""What only PayPal does: certificates by address, a checksum that is signed, and the alternative of asking."""

import json
import zlib
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.x509 import load_pem_x509_certificates
from httpx2 import Headers

from integrations.contract import Inbound, Lengthy
from integrations.errors import BadPayload, BadSignature, RateLimited, Retryable, StaleTimestamp
from integrations.facts import PaymentChanged
from integrations.http import certificates as module
from integrations.http.transport import Answer
from integrations.providers import paypal
from integrations.registry import all_providers
from integrations.sandbox import authority
from tests.integrations.genuine import NOW, Request, facts_of, is_refused, receive, recorded, signed

provider = all_providers()["paypal"]
VECTORS = Path(__file__).parents[1] / "vectors"
# PayPal's simulator signed these, for a webhook that it calls so.
SIMULATED = json.loads((VECTORS / "paypal-simulated.json").read_text())
THEN = NOW.replace(year=2024, month=7, day=30)
LIVE = "https://api-m.paypal.com"
PAGE = "/v1/notifications/certs/CERT-360caa42-fca2a594-1a5f47cb"


def request_of(vector: dict[str, str]) -> Request:
    names = (name for name in vector if name != "body")
    return Request(vector["body"].encode(), {f"paypal-{name.replace('_', '-')}": vector[name] for name in names}, THEN)


@pytest.fixture
def live(settings, monkeypatch) -> None:
    """Away from the sandbox, with credentials, knowing PayPal's certificate of 2024."""
    settings.PATCHBAY_SANDBOX = False
    for name in ("CLIENT_ID", "CLIENT_SECRET", "WEBHOOK_ID"):
        monkeypatch.setenv(f"PAYPAL_{name}", "4JH86294D6297924G")
    root = load_pem_x509_certificates((VECTORS / "digicert-high-assurance-root.pem").read_bytes())
    monkeypatch.setattr(paypal.certificates, "_roots", lambda: root)
    served = (VECTORS / "paypal-2024.pem").read_bytes() + (VECTORS / "digicert-sha2-ev.pem").read_bytes()
    paypal.certificates.learn(f"https://api.paypal.com{PAGE}", served, paypal.SIGNERS[:1], THEN)


@pytest.mark.parametrize("vector", SIMULATED, ids=lambda vector: vector["transmission_id"])
@pytest.mark.usefixtures("live")
def test_what_paypal_itself_has_signed_fits_and_its_simulator_is_refused_all_the_same(vector, monkeypatch):
    request = request_of(vector)
    sent = paypal.Transmission.of(Inbound(body=request.body, headers=request.headers, now=THEN))
    key = paypal.certificates.key(sent.cert_url, THEN)
    assert key is not None
    assert paypal._fits(request.body, sent, "WEBHOOK_ID", key)
    assert not paypal._fits(request.body + b" ", sent, "WEBHOOK_ID", key)
    monkeypatch.setenv("PAYPAL_WEBHOOK_ID", "WEBHOOK_ID")
    with pytest.raises(BadSignature, match="no webhook of ours"):
        receive(provider, request)


def test_the_certificate_of_2024_leads_to_a_root_only_by_its_issuer_and_for_its_name_and_time(monkeypatch):
    root = load_pem_x509_certificates((VECTORS / "digicert-high-assurance-root.pem").read_bytes())
    monkeypatch.setattr(paypal.certificates, "_roots", lambda: root)
    leaf, issuer = ((VECTORS / name).read_bytes() for name in ("paypal-2024.pem", "digicert-sha2-ev.pem"))
    asked = []
    monkeypatch.setattr(module, "exchange", lambda *what: asked.append(what) or Answer(200, Headers(), issuer))
    paypal.certificates.learn("u", leaf, paypal.SIGNERS[:1], THEN)
    link = "http://cacerts.digicert.com/DigiCertSHA2ExtendedValidationServerCA.crt"
    assert asked == [("paypal-issuers", "GET", link)]
    for names, now in ((paypal.SIGNERS[1:], THEN), (paypal.SIGNERS[:1], THEN + timedelta(days=365))):
        with pytest.raises(BadSignature):
            paypal.certificates.learn("u", leaf + issuer, names, now)
    with pytest.raises(BadSignature, match="expired"):
        paypal.certificates.key("u", THEN + timedelta(days=365))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        f"http://api.paypal.com{PAGE}",
        f"https://api.paypal.com.example{PAGE}",
        f"https://api.paypal.com@example.com{PAGE}",
        f"https://api.paypal.com:8443{PAGE}",
        f"https://example.com/https://api.paypal.com{PAGE}",
        f"https://api.sandbox.paypal.com{PAGE}",
        "https://api.paypal.com/v1/notifications/certs/",
        "https://api.paypal.com/v1/notifications/certs/../../oauth2/token",
        f"https://api.paypal.com{PAGE}?x=1",
        f"https://api.paypal.com{PAGE}#x",
        f"https://api.paypal.com{PAGE}%2e",
        "https://169.254.169.254/v1/notifications/certs/CERT-1",
        f"HTTPS://API.PAYPAL.COM{PAGE}",
        f"https://api.paypal.com{PAGE}\n",
        f"https://api.paypal.com{PAGE}é",
    ],
)
@pytest.mark.usefixtures("live")
def test_no_certificate_is_fetched_from_anywhere_but_paypal(url):
    with pytest.raises(BadSignature, match=r"Cert-Url|five headers"):
        provider.receive(
            Inbound(body=b"{}", headers={**request_of(SIMULATED[0]).headers, "paypal-cert-url": url}, now=THEN)
        )


def test_a_certificate_that_is_not_known_is_fetched_aside_and_once(vendor, monkeypatch):
    monkeypatch.setenv("PAYPAL_API_URL", vendor.url)
    vendor.answers(authority.certificate(paypal.SIGNERS[0]))
    request = recorded(provider)
    inbound = Inbound(body=request.body, headers=request.headers, now=NOW)
    for _ in range(2):
        with pytest.raises(Lengthy) as caught:
            provider.receive(inbound)
    assert vendor.asked == []
    assert caught.value.finish() == provider.receive(inbound)
    assert len(vendor.asked) == 1


@pytest.mark.parametrize(
    ("served", "status"),
    [
        (b"nonsense", 200),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 200),
        (b"", 404),
        (b"x" * 70_000, 200),
        (authority.certificate("sns.amazonaws.com"), 200),
        (authority.certificate("messageverificationcerts.sandbox.paypal.com"), 200),
        ((VECTORS / "paypal-2024.pem").read_bytes() + (VECTORS / "digicert-sha2-ev.pem").read_bytes(), 200),
    ],
    ids=["nonsense", "no certificate", "nothing", "huge", "another's", "the sandbox's", "of another root"],
)
def test_what_is_no_certificate_of_paypals_is_refused(vendor, monkeypatch, served, status):
    monkeypatch.setenv("PAYPAL_API_URL", vendor.url)
    vendor.answers(served, status)
    assert is_refused(provider, recorded(provider))


def test_a_certificate_that_cannot_be_had_now_is_no_refusal(vendor, monkeypatch):
    monkeypatch.setenv("PAYPAL_API_URL", vendor.url)
    vendor.cuts()
    with pytest.raises(Retryable):
        receive(provider, recorded(provider))


def test_strangers_cannot_have_us_fetch_without_end(vendor, monkeypatch):
    monkeypatch.setenv("PAYPAL_API_URL", vendor.url)
    vendor.answers(b"", 404)
    request = recorded(provider)
    for number in range(module.FETCHES):
        url = f"{vendor.url}/v1/notifications/certs/CERT-{number}"
        assert is_refused(provider, request.saying(url, "paypal-cert-url"))
    with pytest.raises(RateLimited) as caught:
        receive(provider, request.saying(f"{vendor.url}/v1/notifications/certs/CERT-x", "paypal-cert-url"))
    assert 0 < caught.value.retry_after <= module.WINDOW
    assert len(vendor.asked) == module.FETCHES


def test_the_latest_used_certificates_are_kept_and_no_more():
    served = authority.certificate(paypal.SIGNERS[0])
    for number in range(module.KEPT + 5):
        paypal.certificates.learn(f"u{number}", served, paypal.SIGNERS[:1], NOW)
    assert paypal.certificates.key("u4", NOW) is None
    assert paypal.certificates.key(f"u{module.KEPT}", NOW)


def test_the_checksum_is_all_that_is_signed_of_the_body_and_it_is_checked():
    request = recorded(provider)
    same = request.body.replace(b"38.00", b"39.00", 1)
    assert zlib.crc32(same) != zlib.crc32(request.body)
    assert is_refused(provider, request.having(body=same))


def test_a_delivery_may_be_repeated_for_days_and_not_for_ever():
    request = recorded(provider)
    assert receive(provider, request, NOW + timedelta(days=3)) == receive(provider, request)
    with pytest.raises(StaleTimestamp):
        receive(provider, request, NOW + timedelta(days=5))


@pytest.mark.parametrize(
    "time", ["2026-03-01T12:00:00", "yesterday", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
)
def test_a_signed_time_that_is_none_is_refused(time):
    assert is_refused(provider, recorded(provider).saying(time, "paypal-transmission-time"))


def test_two_webhooks_of_ours_are_accepted(monkeypatch):
    request = recorded(provider)
    mine = provider.secret("WEBHOOK_ID")
    monkeypatch.setenv("PAYPAL_WEBHOOK_ID", f"another, {mine}")
    assert receive(provider, request)


def test_a_capture_tells_of_its_order_and_our_attempt():
    [capture] = receive(provider, recorded(provider, "PAYMENT.CAPTURE.COMPLETED"))
    [approved] = receive(provider, recorded(provider, "CHECKOUT.ORDER.APPROVED"))
    told = PaymentChanged(source="paypal", reference="5O190127TN364715T", attempt="attempt-1")
    assert facts_of(provider, [capture]) == facts_of(provider, [approved]) == [told]
    assert capture.object_key == approved.object_key == "5O190127TN364715T"


class TestAsking:
    """PAYPAL_WEBHOOK_VERIFY=api: PayPal itself says whether it signed."""

    @pytest.fixture(autouse=True)
    def _asking(self, monkeypatch, sandbox, db):
        monkeypatch.setenv("PAYPAL_WEBHOOK_VERIFY", "api")

    def test_a_genuine_event_is_accepted_and_its_bytes_go_back_as_they_came(self, sandbox):
        odd = b'{"event_type" : "PAYMENT.SALE.COMPLETED",  "n": 1.0, "id":"WH-1", "t": "\\u00e9"}'
        request = signed(provider, odd)
        with pytest.raises(Lengthy):
            provider.receive(Inbound(body=request.body, headers=request.headers, now=NOW))
        [delivery] = receive(provider, request)
        assert (delivery.external_id, delivery.body) == ("WH-1", odd)
        asked = [entry for entry in sandbox.control("GET", "/requests?provider=paypal") if "verify" in entry["path"]]
        assert odd.decode() in asked[-1]["body"]

    def test_a_forged_event_is_refused(self):
        assert is_refused(provider, recorded(provider).having(body=b'{"id": "WH-1", "event_type": "x"}'))

    def test_what_is_no_object_never_reaches_paypal(self, sandbox):
        request = signed(provider, b'{}, "webhook_id": "x"')
        with pytest.raises(BadPayload):
            receive(provider, request)
        assert sandbox.control("GET", "/requests?provider=paypal") == []

    def test_credentials_that_paypal_refuses_say_nothing_of_the_event(self, monkeypatch, vendor):
        monkeypatch.setenv("PAYPAL_API_URL", vendor.url)
        vendor.answers({"error": "invalid_client"}, 401)
        request = recorded(provider)
        with pytest.raises(Retryable):
            receive(provider, request)

    def test_a_paypal_that_fails_says_nothing_of_the_event(self, sandbox):
        match = "POST /v1/notifications/verify-webhook-signature"
        sandbox.control("POST", "/faults", {"provider": "paypal", "match": match, "fault": "status:500", "times": 9})
        with pytest.raises(Retryable):
            receive(provider, recorded(provider))
