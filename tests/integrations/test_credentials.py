"""Credentials from the environment, what the registry makes of them, and the checks that name what is wrong."""

import pytest
from django.core.checks import run_checks

from integrations import registry
from integrations.checks import credentials, live_keys
from integrations.contract import Credential, Inbound, Provider
from integrations.credentials import mask, secret
from integrations.errors import NotConfigured
from integrations.ports import EventArchive, MailCarrier, PaymentGateway
from tests.integrations.genuine import NOW


@pytest.fixture
def real(settings) -> None:
    """Away from the sandbox: vendors are what their credentials say."""
    settings.PATCHBAY_SANDBOX = False


def test_a_value_comes_from_the_variable(monkeypatch):
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_test_1")
    assert secret("STRIPE_SECRET_KEY", "default") == "sk_test_1"


def test_or_from_the_file_that_the_variable_names(monkeypatch, tmp_path):
    (tmp_path / "key").write_text("sk_test_2\n")
    monkeypatch.setenv("STRIPE_SECRET_KEY_FILE", str(tmp_path / "key"))
    assert secret("STRIPE_SECRET_KEY", "default") == "sk_test_2"
    assert registry.all_providers()["stripe"].secret("SECRET_KEY") == "sk_test_2"


def test_a_file_that_is_not_there_is_an_error_and_not_an_absence(monkeypatch, tmp_path):
    monkeypatch.setenv("STRIPE_SECRET_KEY_FILE", str(tmp_path / "gone"))
    with pytest.raises(FileNotFoundError):
        secret("STRIPE_SECRET_KEY")


@pytest.mark.parametrize("value", ["", "short", "twelve chars", "sk_live_a_long_one"])
def test_a_mask_never_shows_more_than_four_characters(value):
    assert len(mask(value).removesuffix("…")) <= 4
    assert not value or value not in mask(value)


@pytest.mark.usefixtures("real")
def test_a_vendor_without_credentials_is_absent():
    assert credentials() == []
    for ask in (
        lambda: registry.source("stripe"),
        lambda: registry.source("nobody"),
        lambda: registry.port("stripe", PaymentGateway),
        lambda: registry.port("nobody", PaymentGateway),
    ):
        with pytest.raises(NotConfigured):
            ask()
    assert registry.offering(PaymentGateway) == []


@pytest.mark.usefixtures("real")
def test_a_half_configured_vendor_is_an_error_that_names_what_is_missing(monkeypatch):
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_test_1")
    (error,) = credentials()
    assert (error.id, error.msg) == (
        "integrations.E001",
        "Stripe is half configured: STRIPE_WEBHOOK_SECRET is not set.",
    )
    with pytest.raises(NotConfigured, match="STRIPE_WEBHOOK_SECRET is not set"):
        registry.all_providers()["stripe"].secrets("WEBHOOK_SECRET")
    with pytest.raises(NotConfigured):
        registry.source("stripe")


@pytest.mark.usefixtures("real")
def test_what_one_port_alone_needs_goes_by_itself(monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_1")
    assert credentials() == [], "a token that is there for something else does not switch the vendor on"
    monkeypatch.setenv("GITHUB_WEBHOOK_SECRET", "a-secret")
    (error,) = credentials()
    assert error.msg == "GitHub is half configured: GITHUB_HOOK is not set."
    assert registry.source("github").configured
    with pytest.raises(NotConfigured, match="set GITHUB_HOOK"):
        registry.port("github", EventArchive)
    assert registry.offering(EventArchive) == []
    monkeypatch.setenv("GITHUB_HOOK", "owner/repo/1")
    assert credentials() == []
    assert isinstance(registry.port("github", EventArchive), EventArchive)
    monkeypatch.delenv("GITHUB_TOKEN")
    monkeypatch.delenv("GITHUB_HOOK")
    assert credentials() == []
    assert registry.source("github").configured


@pytest.mark.usefixtures("real")
def test_a_vendor_with_all_its_credentials_is_on(monkeypatch):
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_live_1")
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", "whsec_1")
    stripe = registry.source("stripe")
    assert credentials() == live_keys() == []
    assert stripe.base_url == "https://api.stripe.com"
    assert registry.offering(PaymentGateway) == ["stripe"]
    assert isinstance(registry.port("stripe", PaymentGateway), PaymentGateway)


def test_beside_the_sandbox_every_vendor_is_on_and_points_at_it(settings):
    assert credentials() == live_keys() == []
    for slug, provider in registry.all_providers().items():
        assert provider.configured
        assert provider.base_url == f"{settings.SANDBOX_URL}/{slug}"


def test_a_live_key_beside_the_sandbox_is_an_error(monkeypatch):
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_live_1")
    (error,) = live_keys()
    assert error.id == "integrations.E002"
    assert "STRIPE_SECRET_KEY is a live key" in error.msg
    assert "sk_live_1" not in error.msg


def test_the_checks_are_registered(monkeypatch):
    monkeypatch.setenv("SENDGRID_API_KEY", "SG.live")
    assert "integrations.E002" in {message.id for message in run_checks()}


def test_a_vendor_offers_only_its_own_ports():
    with pytest.raises(NotConfigured, match="Stripe does not offer MailCarrier"):
        registry.port("stripe", MailCarrier)
    assert "github" not in registry.offering(PaymentGateway)


def test_a_vendor_that_sends_no_webhooks_is_no_source(monkeypatch):
    silent = Provider(slug="silent", name="Silent", credentials=(Credential(name="KEY", sandbox="x"),))
    monkeypatch.setattr(registry, "all_providers", lambda: {"silent": silent})
    with pytest.raises(NotConfigured):
        registry.source("silent")
    with pytest.raises(NotConfigured, match="Silent sends no webhooks here"):
        silent.receive(Inbound(body=b"", headers={}, now=NOW))


def test_a_plug_in_must_call_itself_what_its_module_is_called(monkeypatch):
    github = registry.all_providers()["github"]
    registry.all_providers.cache_clear()
    monkeypatch.setattr(github, "slug", "gitlab")
    with pytest.raises(ValueError, match="providers/github calls itself 'gitlab'"):
        registry.all_providers()
    monkeypatch.undo()
    assert registry.all_providers()["github"] is github
