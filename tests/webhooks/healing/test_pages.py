"""What staff see of healing, at the console and at the command line."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from tests.payments.browsing import require_strict, text
from tests.webhooks.healing.archive import Archive
from webhooks.healing.archives import healable
from webhooks.healing.run import heal
from webhooks.models import ArrivalHour, Delivery, Search, Watermark
from webhooks.path import timeline
from webhooks.watch.listening import note_arrivals

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def browser(client: Client) -> Client:
    client.force_login(User.objects.create_user("staff@example.com", "a-long-password", is_staff=True))
    return client


@pytest.fixture(autouse=True)
def _listening():
    Watermark.objects.create(source="github", begun_at=timezone.now() - timedelta(days=1))


def test_a_sources_page_says_what_was_missing_and_leads_to_what_was_fetched(browser: Client, archive: Archive) -> None:
    archive.send(3)
    archive.vanished.add("e-1")
    heal("github", timezone.now())
    page = browser.get("/console/sources/github")
    require_strict(page)
    said = text(page)
    assert "3 missing" in said
    assert "2 recovered, 1 lost" in said
    assert "gone at the vendor" in said
    assert f"/console/deliveries/{Delivery.objects.earliest('pk').pk}" in page.content.decode()
    assert "3 missing" in text(browser.get("/console/sources/github/healing"))


def test_a_source_that_cannot_be_healed_says_why(browser: Client, settings, monkeypatch) -> None:
    assert "SendGrid offers no list of what it sent" in text(browser.get("/console/sources/sendgrid"))
    settings.PATCHBAY_SANDBOX = False
    monkeypatch.setenv("GITHUB_WEBHOOK_SECRET", "a-secret")
    said = text(browser.get("/console/sources/github"))
    assert "GitHub deliveries cannot be healed: set GITHUB_TOKEN and GITHUB_HOOK." in said
    answer = browser.post("/console/sources/github/heal", follow=True)
    assert "cannot be healed" in text(answer)


def test_the_button_asks_for_a_run_and_only_staff_may_press_it(browser: Client, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr("webhooks.healing.pages.wake_heal", lambda *what, **how: asked.append((what, how)))
    assert browser.post("/console/sources/github/heal").status_code == 302
    staff = User.objects.get(email="staff@example.com")
    assert asked == [(("github",), {"early": True, "person": staff.pk})]
    assert browser.get("/console/sources/github/heal").status_code == 405
    assert browser.post("/console/sources/nobody/heal").status_code == 404
    browser.force_login(User.objects.create_user("person@example.com", "a-long-password"))
    assert browser.post("/console/sources/github/heal").status_code == 403
    assert browser.get("/console/sources/github/healing").status_code == 403
    assert len(asked) == 1


def test_a_recovered_deliverys_path_says_that_it_was_sent_in_vain(archive: Archive) -> None:
    archive.send()
    search = heal("github", timezone.now())
    assert search is not None
    steps = timeline.of_delivery(Delivery.objects.get())
    assert steps[0]["kind"] == "healing"
    assert f"never arrived; fetched by search {search.pk}" in steps[0]["detail"]


def test_what_had_to_be_fetched_is_no_sign_of_life(archive: Archive) -> None:
    archive.send()
    heal("github", timezone.now())
    note_arrivals(timezone.now())
    assert not ArrivalHour.objects.exists()


def run(*words: str) -> str:
    out = StringIO()
    call_command("heal", *words, stdout=out)
    return out.getvalue()


def test_a_dry_run_says_what_is_missing_and_fetches_nothing(archive: Archive) -> None:
    archive.send(2)
    (told,) = json.loads(run("github", "--dry-run", "--json"))
    assert (told["listed"], told["missing"], told["missing_ids"], told["search"]) == (2, 2, ["e-1", "e-0"], None)
    assert not Delivery.objects.exists()
    assert not Search.objects.exists()
    assert "2 sent, 2 missing (nothing fetched: a dry run)" in run("github", "--dry-run")


def test_the_command_recovers_and_tells_it(archive: Archive) -> None:
    archive.send(2)
    assert "2 sent, 2 missing (2 recovered)." in run("github", "--since=-2h")
    (told,) = json.loads(run("github", "--json"))
    assert (told["missing"], told["error"]) == (0, "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sendgrid"], "offers no list"),
        (["nobody"], "custom sources cannot be healed"),
        (["github", "--since", "yesterday"], "is no time"),
    ],
)
def test_the_command_says_why_it_cannot(words, said) -> None:
    with pytest.raises(CommandError, match=said):
        run(*words)


def test_the_three_vendors_that_keep_a_list_can_be_healed() -> None:
    assert healable() == ["github", "paypal", "stripe"]
