"""The operators' pages about sources: every step of a source's life by forms, each error beside its field."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from tests.payments.browsing import require_strict, text
from tests.webhooks.arrivals import arrive
from tests.webhooks.sources.conftest import Knock, signed
from webhooks.models import Delivery, Source, SourceSecret
from webhooks.sources import standing
from webhooks.sources.rounds import rounds

pytestmark = pytest.mark.django_db(transaction=True)

BODY = b'{"id":"ev-1","type":"thing.made"}'


@pytest.fixture
def browser(client: Client, staff: User) -> Client:
    client.force_login(staff)
    return client


def filled(**given: Any) -> dict[str, Any]:
    return {"slug": "acme", "scheme": "standard-webhooks"} | given


def test_only_staff_may_look_or_change(client: Client, make: Any) -> None:
    make()
    client.force_login(User.objects.create_user("person@example.com", "a-long-password"))
    for path in ("sources", "sources/acme", "new-source"):
        assert client.get(f"/console/{path}").status_code == 403
    for path in ("change", "pause", "rotate", "delete", "test"):
        assert client.post(f"/console/sources/acme/{path}").status_code == 403
    assert Source.objects.get().version == 1


def test_the_list_shows_plug_ins_and_custom_sources_and_how_each_stands(
    browser: Client, make: Any, knock: Knock
) -> None:
    make()
    make("quiet", "none", options={"addresses": ["192.0.2.1"]}, paused=True)
    arrive(source="acme", state="dead")
    arrive(source="github")
    knock("acme", BODY, {})
    rounds.make()
    page = browser.get("/console/sources")
    require_strict(page)
    rows = {
        row.split()[1]: row
        for row in re.findall(r"(?:receiving|paused|not configured|no secret) .*?(?= receiving| paused|$)", text(page))
    }
    assert "acme" in rows
    assert "1 1 1 any …" in rows["acme"]
    assert "Plug-in" in rows["github"]
    assert "paused quiet" in text(page)


def test_a_source_is_made_and_its_secret_shown_this_once(browser: Client, knock: Knock) -> None:
    require_strict(browser.get("/console/new-source"))
    page = browser.post("/console/new-source", filled(name="Acme", object_from="body:data.id\nbody:id"))
    require_strict(page)
    assert "no-store" in page["Cache-Control"]
    secret = re.findall(r"whsec_[\w+/=]+", page.content.decode())[0]
    assert Source.objects.get().object_from == ["body:data.id", "body:id"]
    assert knock("acme", BODY, signed("acme", secret, BODY)).status == 200
    assert secret not in browser.get("/console/sources/acme").content.decode()


def test_each_scheme_has_its_own_options_and_the_others_do_not_count(browser: Client) -> None:
    given = {
        "scheme": "hmac",
        "secrets": "It's a Secret to Everybody",
        "hmac--header": "X-Sig",
        "hmac--prefix": "sha256=",
    }
    page = browser.post(
        "/console/new-source", filled(**given, **{"basic--username": "x", "none--addresses": "nonsense"})
    )
    assert page.status_code == 302, text(page)
    source = Source.objects.get()
    assert (source.options["header"], source.options["prefix"], source.options["hash"]) == (
        "X-Sig",
        "sha256=",
        "sha256",
    )
    assert SourceSecret.objects.get().hint == "…body"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"slug": "github"}, "A plug-in has this slug."),
        ({"slug": "A b"}, "Use small letters"),
        ({"scheme": "hmac"}, "This field is required."),
        ({"scheme": "none", "none--addresses": "0.0.0.0/0"}, "would let everybody in"),
        ({"scheme": "hmac", "hmac--header": "X-Sig", "hmac--signed": "{timestamp}"}, "It has to have {body}"),
        ({"scheme": "nonsense"}, "Select a valid choice"),
        ({"secrets": "whsec_short"}, "base64"),
        ({"id_from": "cookie:x"}, "Say header:"),
        ({"rate": "-1"}, "greater than or equal to 0"),
        ({"rate": "many"}, "Enter a whole number"),
    ],
)
def test_what_makes_no_sense_is_said_and_what_was_typed_stays(
    browser: Client, given: dict[str, str], words: str
) -> None:
    page = browser.post("/console/new-source", filled(name="What I typed", **given))
    require_strict(page)
    assert words in page.content.decode().replace("&#x27;", "'")
    assert "What I typed" in page.content.decode()
    assert not Source.objects.exists()


def test_a_slug_that_is_taken_is_said_to_be(browser: Client, make: Any) -> None:
    make()
    assert "already" in text(browser.post("/console/new-source", filled()))


def test_settings_are_changed_and_errors_change_nothing(browser: Client, make: Any) -> None:
    make(scheme="hmac", options={"header": "X-Sig"})
    page = browser.get("/console/sources/acme")
    require_strict(page)
    same = {"name": "acme", "format": "json", "id_from": "body:id", "type_from": "body:type", "rate": "7"}
    options = {"hmac--header": "X-Other", "hmac--tolerance": "60"}
    assert browser.post("/console/sources/acme/change", same | options).status_code == 302
    source = Source.objects.get()
    assert (source.rate, source.options["header"], source.object_from) == (7, "X-Other", [])
    wrong = browser.post("/console/sources/acme/change", same | options | {"hmac--tolerance": "1", "rate": "8"})
    require_strict(wrong)
    assert "greater than or equal to 10" in text(wrong)
    assert Source.objects.get().rate == 7


def test_a_source_is_paused_and_goes_on(browser: Client, make: Any) -> None:
    make()
    assert "Paused" in text(browser.post("/console/sources/acme/pause", {"paused": "1"}, follow=True))
    assert Source.objects.get().paused
    browser.post("/console/sources/acme/pause", {"paused": "0"})
    assert not Source.objects.get().paused


def test_a_secret_is_rotated_and_the_new_one_shown_this_once(browser: Client, make: Any) -> None:
    make()
    page = browser.post("/console/sources/acme/rotate", {"secret": "", "overlap_hours": "2"})
    assert re.findall(r"whsec_[\w+/=]+", page.content.decode())
    later = SourceSecret.objects.get(expires_at__isnull=False).expires_at
    assert later is not None
    assert timedelta(hours=1.9) < later - timezone.now() < timedelta(hours=2.1)
    assert "good for" in text(browser.get("/console/sources/acme"))


@pytest.mark.parametrize("given", [{"secret": "whsec_short", "overlap_hours": "1"}, {"overlap_hours": "999"}, {}])
def test_a_rotation_that_makes_no_sense_says_so(browser: Client, make: Any, given: dict[str, str]) -> None:
    make()
    page = browser.post("/console/sources/acme/rotate", given)
    require_strict(page)
    assert 'class="errorlist"' in page.content.decode()
    assert "whsec_short" not in page.content.decode()
    assert SourceSecret.objects.count() == 1


def test_a_sample_is_tried_and_nothing_is_stored(browser: Client, make: Any) -> None:
    secret = make()["secret"]
    body = '{\n"id": "ev-1", "type": "thing.made"}'
    headers = "\n".join(f"{name}: {value}" for name, value in signed("acme", secret, body.encode()).items())
    sample = {"headers": headers, "body": body.replace("\n", "\r\n")}
    page = browser.post("/console/sources/acme/test", sample)
    require_strict(page)
    assert "It would be taken." in text(page)
    assert "msg_1" in text(page)
    assert "It would be refused (bad_signature)" in text(
        browser.post("/console/sources/acme/test", sample | {"headers": ""})
    )
    assert "There is no colon" in text(browser.post("/console/sources/acme/test", {"headers": "x"}))
    assert not Delivery.objects.exists()


def test_a_source_is_deleted_when_it_may_be(browser: Client, make: Any) -> None:
    make()
    delivery = arrive(source="acme", state="handled")
    page = browser.post("/console/sources/acme/delete", follow=True)
    assert "Pause it first" in text(page)
    Delivery.objects.filter(pk=delivery.pk).delete()
    assert "is deleted" in text(browser.post("/console/sources/acme/delete", follow=True))
    assert browser.get("/console/sources/acme").status_code == 404


def test_a_forgery_is_shown_masked(browser: Client, make: Any, knock: Knock) -> None:
    make()
    knock(
        "acme",
        b"private",
        {"webhook-signature": "v1,c2VjcmV0IHNlY3JldCBzZWNyZXQ=", "x-note": "<script>"},
        "198.51.100.9",
    )
    rounds.make()
    page = browser.get("/console/sources/acme")
    require_strict(page)
    shown = page.content.decode()
    assert "198.51.100.9" in shown
    assert "c2VjcmV0" not in shown
    assert "private" not in shown
    assert "&lt;script&gt;" in shown


def test_a_plug_in_has_a_page_and_nothing_on_it_to_change(browser: Client) -> None:
    page = browser.get("/console/sources/github")
    require_strict(page)
    main = page.content.decode().partition("<main")[2].partition("</main>")[0]
    assert re.findall('<form method="post" action="([^"]*)"', main) == ["/console/sources/github/heal"]
    assert browser.post("/console/sources/github/pause", {"paused": "1"}).status_code == 404
    assert browser.get("/console/sources/nobody").status_code == 404


def test_the_admin_shows_a_source_without_its_secrets_and_changes_nothing(
    client: Client, admin_user: Any, make: Any
) -> None:
    secret = make()["secret"]
    client.force_login(admin_user)
    source = Source.objects.get()
    page = client.get(f"/admin/webhooks/source/{source.pk}/change/")
    assert page.status_code == 200
    for hidden in (secret, SourceSecret.objects.get().sealed):
        assert hidden not in page.content.decode()
    assert client.get("/admin/webhooks/source/add/").status_code == 403
    assert client.get("/admin/webhooks/forgeryhour/").status_code == 200


def test_counting_what_came_lately_costs_no_more_than_so_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "MOST", 3, raising=False)
    for source in ("acme", "github", "github", "acme", "github"):
        arrive(source=source)
    found = standing.standing_of("github", timezone.now())
    assert found is not None
    assert found.lately.total == 2
