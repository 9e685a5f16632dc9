"""The operators' pages about deliveries: what they show, what they hide, and what they do when asked wrongly."""

import json
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from tests.payments.browsing import require_strict, text
from tests.webhooks.arrivals import arrive
from webhooks.models import Contents, Delivery, FailedTry, Intervention, Source, SourceRule

pytestmark = pytest.mark.django_db

PATHS = [
    "/console/deliveries",
    "/console/deliveries/export",
    "/console/deliveries/order/replay?pick=1",
    "/console/deliveries/1",
    "/console/interventions",
    "/console/rules",
    "/console/rules/github",
]


@pytest.mark.parametrize("path", PATHS)
def test_only_staff_may_look(client: Client, path: str) -> None:
    client.force_login(User.objects.create_user("person@example.com", "a-long-password"))
    assert client.get(path).status_code == 403


@pytest.mark.parametrize(
    "path", ["/console/deliveries/order/replay", "/console/deliveries/1/whole", "/console/rules/github"]
)
def test_only_staff_may_change_anything(client: Client, path: str) -> None:
    arrive(state="dead")
    client.force_login(User.objects.create_user("person@example.com", "a-long-password"))
    assert client.post(path, {"all": "1", "reason": "mischief", "keep_days": "1"}).status_code == 403
    assert Delivery.objects.get().state == "dead"


@pytest.mark.parametrize("path", [path for path in PATHS if "export" not in path])
def test_every_page_is_strict_about_what_it_loads(staff: Client, path: str) -> None:
    row = arrive(state="dead", error="broken")
    require_strict(staff.get(path.replace("=1", f"={row.pk}").replace("deliveries/1", f"deliveries/{row.pk}")))


def test_the_dead_are_offered_first_and_their_number_ends_at_a_thousand(staff: Client) -> None:
    arrive(state="dead")
    page = staff.get("/console/deliveries?q=source:github")
    assert "1 dead → see it" in text(page)
    assert 'href="/console/deliveries?q=source%3Agithub+state%3Adead"' in page.content.decode()
    assert "see it" not in text(staff.get("/console/deliveries?q=state:dead"))


def test_addresses_from_before_there_was_a_search_still_lead_there(staff: Client) -> None:
    arrive("charge", state="dead")
    arrive("push")
    page = staff.get("/console/deliveries?state=dead&source=github")
    assert 'value="source:github state:dead"' in page.content.decode()
    assert page.content.decode().count("data-row") == 1


@pytest.mark.parametrize("search", ["state:broken", "since:yesterday", '"half', "colour:red", "x" * 1001])
def test_a_search_that_cannot_be_read_is_told_in_words(staff: Client, search: str) -> None:
    page = staff.get("/console/deliveries", {"q": search})
    assert page.status_code == 400
    assert "This search cannot be read" in text(page)
    assert staff.get("/console/deliveries/export", {"q": search}).status_code == 302
    assert staff.get("/console/deliveries/order/replay", {"q": search, "all": "1"}).status_code == 302


@pytest.mark.parametrize("before", ["9" * 30, "-1", "²", "x", ""])
def test_a_place_that_is_none_is_the_beginning(staff: Client, before: str) -> None:
    arrive()
    assert staff.get("/console/deliveries", {"before": before}).content.decode().count("data-row") == 1


def test_the_fragment_is_empty_while_nothing_is_new(staff: Client) -> None:
    row = arrive()
    page = staff.get("/console/deliveries").content.decode()
    address = re.search(r'hx-get="([^"]+)"', page[page.index('id="deliveries"') :])
    assert address is not None
    fragment = "/console/deliveries" + address[1].replace("&amp;", "&")
    assert staff.get(fragment).status_code == 204
    Delivery.objects.filter(pk=row.pk).update(state="handled")
    renewed = staff.get(fragment)
    assert (renewed.status_code, "<html" in renewed.content.decode()) == (200, False)
    assert "fragment=1&amp;seen=" in renewed.content.decode()


def test_older_pages_do_not_move(staff: Client) -> None:
    for _ in range(51):
        arrive()
    page = staff.get("/console/deliveries").content.decode()
    older = re.search(r'id="older" href="([^"]+)"', page)
    assert older is not None
    second = staff.get("/console/deliveries" + older[1].replace("&amp;", "&")).content.decode()
    assert (second.count("data-row"), "hx-trigger" in second) == (1, False)


def test_the_plan_changes_nothing_and_says_so(staff: Client) -> None:
    arrive("charge", state="dead")
    page = staff.get("/console/deliveries/order/replay?all=1&q=state:dead")
    assert "1 delivery" in text(page)
    assert "That is safe for one that was handled before" in text(page)
    assert Delivery.objects.get().state == "dead"
    assert "<html" not in staff.get("/console/deliveries/order/replay?all=1&q=&fragment=1").content.decode()


def test_an_order_is_carried_out_with_its_reason_and_leads_to_what_becomes_of_it(staff: Client) -> None:
    rows = [arrive(state="dead") for _ in range(2)]
    given = {"pick": [rows[0].pk, rows[1].pk], "reason": "fixed in 1.2"}
    answer = staff.post("/console/deliveries/order/replay", given)
    assert answer["Location"] == f"/console/deliveries?q=id%3A{rows[0].pk}%2C{rows[1].pk}"
    page = staff.get(answer["Location"])
    assert "2 deliveries are being processed again." in text(page)
    kept = Intervention.objects.get()
    assert (kept.who, kept.via, kept.count, kept.reason) == ("staff@example.com", "console", 2, "fixed in 1.2")
    assert "fixed in 1.2" in text(staff.get(f"/console/deliveries/{rows[0].pk}"))
    assert "fixed in 1.2" in text(staff.get("/console/interventions"))


def test_an_order_without_a_reason_comes_back_to_the_question(staff: Client) -> None:
    row = arrive(state="dead")
    answer = staff.post("/console/deliveries/order/replay", {"pick": row.pk, "reason": " "}, follow=True)
    assert "Nothing was changed. Say why" in text(answer)
    assert f'name="pick" value="{row.pk}"' in answer.content.decode()


@pytest.mark.parametrize("path", ["/console/deliveries/order/burn", "/console/deliveries/999", "/console/rules/nobody"])
def test_what_is_not_there_is_not_found(staff: Client, path: str) -> None:
    assert staff.get(path).status_code == 404
    assert staff.post(path.replace("999", "999/whole"), {"pick": "1", "reason": "x"}).status_code == 404


def test_choosing_nothing_is_said_to_be_so(staff: Client) -> None:
    assert "Choose some deliveries first" in text(staff.get("/console/deliveries/order/replay", follow=True))
    assert "Choose some" in text(staff.get("/console/deliveries/order/replay?pick=x&fragment=1"))


def test_a_body_is_masked_until_somebody_asks_for_it_and_that_is_kept(staff: Client) -> None:
    row = arrive(body=b'{"email": "ada@example.com", "card": "4242424242424242"}', headers={"x-api-key": "sk-12345678"})
    page = text(staff.get(f"/console/deliveries/{row.pk}"))
    for secret in ("ada@example.com", "4242424242424242", "sk-12345678"):
        assert secret not in page
    assert "python manage.py trigger" in page
    shown = staff.post(f"/console/deliveries/{row.pk}/whole")
    assert "ada@example.com" in text(shown)
    assert "sk-12345678" in text(shown)
    assert shown["Cache-Control"] == "no-store"
    kept = Intervention.objects.get()
    assert (kept.kind, kept.who, kept.touched.get().delivery_id) == ("reveal", "staff@example.com", row.pk)


def test_the_page_tells_of_every_try_that_failed(staff: Client) -> None:
    row = arrive(attempts=2, error="Traceback\nKeyError: 'b'", due_at=timezone.now() + timedelta(hours=1))
    for number, name in ((1, "a"), (2, "b")):
        FailedTry.objects.create(delivery_id=row.pk, number=number, error=f"Traceback\nKeyError: '{name}'")
    page = text(staff.get(f"/console/deliveries/{row.pk}"))
    assert page.index("Try 1") < page.index("Try 2")
    assert "KeyError: &#x27;a&#x27;" in page


def test_what_waits_behind_another_says_so(staff: Client) -> None:
    first = arrive(object_key="pi_1", due_at=timezone.now() + timedelta(hours=1), attempts=1, error="away")
    second = arrive(object_key="pi_1")
    assert f"Waits behind #{first.pk}" in text(staff.get(f"/console/deliveries/{second.pk}")).replace("# ", "#")
    assert "Waits behind" not in text(staff.get(f"/console/deliveries/{first.pk}"))


def test_what_is_no_longer_kept_says_so_and_cannot_be_replayed(staff: Client) -> None:
    row = arrive(state="dead")
    Contents.objects.all().delete()
    page = text(staff.get(f"/console/deliveries/{row.pk}"))
    assert "It is no longer kept." in page
    assert "It cannot be replayed: what they came with is no longer kept." in page


def test_the_export_is_a_file_with_what_fits(staff: Client) -> None:
    arrive(external_id="a", state="dead")
    arrive(external_id="b")
    answer = staff.get("/console/deliveries/export?q=state:dead&as=ndjson")
    assert answer["Content-Disposition"] == 'attachment; filename="deliveries.ndjson"'
    lines = b"".join(answer.streaming_content).splitlines()  # type: ignore[attr-defined]
    assert [json.loads(line)["external_id"] for line in lines] == ["a"]
    assert staff.get("/console/deliveries/export?as=exe").status_code == 302


def test_the_head_of_an_export_is_its_headers_alone(staff: Client) -> None:
    arrive()
    answer = staff.head("/console/deliveries/export?as=csv")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert b"".join(answer.streaming_content) == b""  # type: ignore[attr-defined]
    assert not Intervention.objects.exists()


def test_a_rule_is_tried_out_before_it_is_kept(staff: Client) -> None:
    arrive("push", b'{"pusher": {"name": "Ada"}, "ref": "main"}')
    tried = staff.get("/console/rules/github", {"keep_days": "7", "redactions": "pusher.name"})
    assert "[redacted]" in text(tried)
    assert "Ada" not in text(tried)
    assert not SourceRule.objects.exists()
    staff.post("/console/rules/github", {"keep_days": "7", "redactions": "pusher.name\n\n items.*.id "})
    rule = SourceRule.objects.get()
    assert (rule.slug, rule.keep_days, rule.redactions) == ("github", 7, ["pusher.name", "items.*.id"])
    kept = Intervention.objects.get()
    assert (kept.kind, kept.query) == ("rule", "source:github")
    assert "pusher.name" in kept.reason


def test_whoever_changes_a_rule_in_the_admin_is_kept_with_what_they_decided(admin_client: Client) -> None:
    given = {"slug": "github", "keep_days": "7", "redactions": '["pusher.name"]'}
    admin_client.post("/admin/webhooks/sourcerule/add/", given)
    rule = SourceRule.objects.get()
    admin_client.post(f"/admin/webhooks/sourcerule/{rule.pk}/change/", given | {"keep_days": "9", "slug": "stripe"})
    admin_client.post(f"/admin/webhooks/sourcerule/{rule.pk}/delete/", {"post": "yes"})
    assert not SourceRule.objects.exists()
    SourceRule.objects.create(slug="stripe")
    chosen = {"action": "delete_selected", "_selected_action": [SourceRule.objects.get().pk], "post": "yes"}
    admin_client.post("/admin/webhooks/sourcerule/", chosen)
    assert not SourceRule.objects.exists()
    kept = Intervention.objects.order_by("pk")
    assert {(row.kind, row.via, row.who) for row in kept} == {("rule", "admin", "admin@example.com")}
    assert [(row.query, row.reason.partition(":")[0]) for row in kept] == [
        ("source:github", "7 days; never stored"),
        ("source:github", "9 days; never stored"),
        ("source:github", "rule taken back"),
        ("source:stripe", "rule taken back"),
    ]


def test_a_path_that_is_not_in_the_body_is_told(staff: Client) -> None:
    arrive("push", b'{"ref": "main"}')
    page = staff.get("/console/rules/github", {"keep_days": "7", "redactions": "nowhere"})
    assert "None of the paths is in it" in text(page)


def test_a_body_that_no_path_can_be_looked_for_in_is_shown_as_withheld(staff: Client) -> None:
    row = arrive("push", b"<ref>main</ref>")
    tried = text(staff.get("/console/rules/github", {"keep_days": "7", "redactions": "ref"}))
    assert "[redacted: the whole body" in tried
    assert "None of the paths is in it" not in tried
    assert "main" not in tried
    SourceRule.objects.create(slug="github", redactions=["ref"])
    assert "[redacted: the whole body" not in text(staff.get(f"/console/deliveries/{row.pk}"))
    later = arrive("push", b"<ref>main</ref>")
    assert "[redacted: the whole body" in text(staff.get(f"/console/deliveries/{later.pk}"))


@pytest.mark.parametrize(("days", "paths"), [("0", ""), ("9999", ""), ("x", ""), ("7", "a..b"), ("7", "a b")])
def test_a_rule_that_is_none_is_not_kept(staff: Client, days: str, paths: str) -> None:
    answer = staff.post("/console/rules/github", {"keep_days": days, "redactions": paths})
    assert (answer.status_code, SourceRule.objects.exists()) == (400, False)


def test_the_admins_action_leads_to_the_same_question(admin_client: Client) -> None:
    rows = [arrive(state="dead") for _ in range(2)]
    given = {"action": "process_again", "_selected_action": [row.pk for row in rows]}
    answer = admin_client.post("/admin/webhooks/delivery/", given)
    assert answer["Location"] == f"/console/deliveries/order/replay?pick={rows[1].pk}&pick={rows[0].pk}"
    assert set(Delivery.objects.values_list("state", flat=True)) == {"dead"}


def test_a_source_that_has_said_nothing_yet_has_a_rule_and_stands_in_the_search(staff: Client) -> None:
    Source.objects.create(slug="quiet", name="quiet", scheme="bearer", options={"header": "X-Token"})
    assert "?q=source:quiet" in staff.get("/console/deliveries").content.decode()
    assert 'href="/console/rules/quiet"' in staff.get("/console/rules").content.decode()
    staff.post("/console/rules/quiet", {"keep_days": "7", "redactions": "email"})
    assert SourceRule.objects.get().redactions == ["email"]
    page = staff.get("/console/sources/quiet")
    assert 'href="/console/rules/quiet"' in page.content.decode()
    assert "7 days, 1 path never stored" in text(page)
    assert 'href="/console/sources/quiet"' in staff.get("/console/rules/quiet").content.decode()


def test_the_rule_of_a_source_that_is_gone_leads_nowhere_that_is_not_there(staff: Client) -> None:
    row = arrive(source="gone")
    assert 'href="/console/rules/gone"' in staff.get(f"/console/deliveries/{row.pk}").content.decode()
    assert "/console/sources/gone" not in staff.get("/console/rules/gone").content.decode()


def test_a_type_is_no_command_for_whoever_copies_the_line(staff: Client) -> None:
    row = arrive("x$(reboot); a")
    page = staff.get(f"/console/deliveries/{row.pk}").content.decode()
    assert f"trigger github &#x27;x$(reboot); a&#x27; --from {row.pk}" in page
