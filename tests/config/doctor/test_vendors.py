"""Vendors that are asked: one that rejects our key, one whose clock is not ours, and credentials mixed up."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from config.doctor import clock
from integrations.registry import all_providers


@pytest.fixture
def stripe(production, monkeypatch, vendor):
    """Stripe, live and configured, answering from this machine."""
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_live_hunter2hunter2")
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", "whsec_hunter2hunter2")
    monkeypatch.setenv("STRIPE_API_URL", vendor.url)
    return vendor


@pytest.mark.parametrize("status", [401, 403])
def test_a_vendor_that_rejects_our_key_is_an_error(stripe, the_only, status):
    stripe.answers({"error": {"message": "no"}}, status)
    finding = the_only("answers")
    assert (finding.severity, finding.where) == ("error", "STRIPE_SECRET_KEY")
    assert finding.what == "Stripe rejects our key"
    assert str(status) in finding.cause
    assert finding.mend == "make a new key in Stripe's console and set STRIPE_SECRET_KEY"


def test_a_vendor_that_is_down_is_a_warning(stripe, the_only):
    stripe.answers({}, 500)
    finding = the_only("answers")
    assert (finding.severity, finding.what) == ("warning", "Stripe does not answer as it should")
    assert finding.mend.startswith(f"curl -sv {stripe.url}")


def test_a_vendor_that_takes_our_key_is_well(stripe, examine):
    stripe.answers({"object": "balance", "livemode": True})
    assert examine("answers") == []
    assert stripe.asked == [("GET", "/v1/balance")]


def test_a_vendors_date_tells_that_our_clock_is_wrong(stripe, the_only):
    ahead = datetime.now(UTC) + timedelta(minutes=20)
    stripe.does(lambda handler: _say_date(handler, ahead))
    finding = the_only("vendor_clock")
    assert finding.severity == "error"
    assert "behind Stripe's" in finding.what


def _say_date(handler, moment):
    handler.date_time_string = lambda timestamp=None: format_datetime(moment, usegmt=True)
    handler.say(404, {"Content-Length": "0"}, b"")


def test_a_vendor_that_says_nothing_of_the_time_is_no_finding(stripe, examine):
    stripe.cuts()
    assert examine("vendor_clock") == []


@pytest.mark.parametrize(
    ("apart", "severity"),
    [(29, None), (31, "warning"), (299, "warning"), (301, "error"), (-31, "warning"), (-301, "error")],
)
def test_a_clock_is_an_error_past_the_tolerance_of_webhooks(monkeypatch, apart, severity):
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: noon + timedelta(seconds=apart))
    found = list(clock.compare("Redis", noon))
    assert [finding.severity for finding in found] == ([severity] if severity else [])
    for finding in found:
        assert f"{abs(apart)} s {'ahead of' if apart > 0 else 'behind'} Redis's" in finding.what
        assert finding.mend.startswith("timedatectl set-ntp true")


@pytest.mark.services
def test_a_clock_far_from_rediss_is_told(settings, redis_url, monkeypatch, examine):
    settings.REDIS_URL = redis_url
    assert examine("redis_clock") == []
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + timedelta(hours=1))
    (finding,) = examine("redis_clock")
    assert finding.cause == "genuine webhooks are refused as stale"
    assert finding.where == "/etc/systemd/timesyncd.conf"


@pytest.mark.parametrize(
    ("name", "value", "cause"),
    [
        ("STRIPE_SECRET_KEY", "whsec_hunter2hunter2", "as the vendor's WEBHOOK_SECRET does"),
        ("STRIPE_WEBHOOK_SECRET", "https://dashboard.stripe.com/webhooks", "it is an address"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_1234 5678", "white space"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_good,we_1234", "should begin with whsec_"),
        ("SENDGRID_WEBHOOK_KEY", "SG.hunter2hunter2", "as the vendor's API_KEY does"),
        ("SENDGRID_WEBHOOK_KEY", "MFkwEwYHKoZI", "no public key"),
    ],
)
def test_a_credential_that_looks_like_another_thing_is_told(monkeypatch, the_only, name, value, cause):
    monkeypatch.setenv(name, value)
    finding = the_only("secrets")
    assert finding.where == name
    assert cause in finding.cause
    assert f"into {name}" in finding.mend


@pytest.mark.parametrize("value", ["rk_live_restricted", "sk_test_1"])
def test_a_key_of_another_kind_of_the_same_vendor_is_no_finding(monkeypatch, examine, value):
    monkeypatch.setenv("STRIPE_SECRET_KEY", value)
    assert examine("secrets") == []


def test_what_works_in_the_sandbox_looks_right(examine):
    assert examine("secrets") == examine("mode") == examine("mail_carrier") == []
    assert all(provider.configured for provider in all_providers().values())


def test_a_mail_carrier_that_carries_no_mail_is_told(settings, the_only):
    settings.MAIL_CARRIER = "stripe"
    finding = the_only("mail_carrier")
    assert finding.cause == "Stripe does not offer MailCarrier"
    assert finding.mend == "set MAIL_CARRIER=sendgrid"
