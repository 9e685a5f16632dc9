"""One run for one source, whatever the vendor does meanwhile."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from integrations.errors import Forbidden, Retryable
from integrations.models import Incident
from tests.webhooks.arrivals import arrive
from tests.webhooks.healing.archive import Archive
from webhooks.healing import leases, run
from webhooks.healing.leases import claim
from webhooks.healing.run import heal
from webhooks.inbox.contents import content_of
from webhooks.models import Contents, Delivery, Gap, Search, SourceRule, Watermark

pytestmark = pytest.mark.django_db(transaction=True)

LONG_AGO = timedelta(days=2)


@pytest.fixture(autouse=True)
def _listening():
    Watermark.objects.create(source="github", begun_at=timezone.now() - LONG_AGO)


def now_heal(**how) -> Search:
    search = heal("github", timezone.now(), **{"early": True, **how})
    assert search is not None
    return search


def test_what_came_is_not_missing_and_what_was_purged_is_still_known(archive: Archive) -> None:
    archive.send(3)
    arrive(external_id="e-0")
    arrive(external_id="e-1")
    Contents.objects.all().delete()
    assert (now_heal().missing, set(Delivery.objects.values_list("external_id", flat=True))) == (
        1,
        {"e-0", "e-1", "e-2"},
    )


def test_what_was_sent_before_we_listened_was_never_meant_for_us(archive: Archive) -> None:
    archive.send(at=timezone.now() - LONG_AGO - timedelta(minutes=1))
    archive.send(at=timezone.now() - LONG_AGO + timedelta(minutes=1))
    search = now_heal()
    assert (search.listed, search.recovered) == (1, 1)


def test_whoever_asks_may_look_further_back_but_not_beyond_the_vendors_memory(archive: Archive) -> None:
    archive.send(at=timezone.now() - LONG_AGO - timedelta(minutes=1))
    archive.send(at=timezone.now() - archive.reach - timedelta(minutes=1))
    assert now_heal(since=timezone.now() - timedelta(days=30)).recovered == 1


def test_what_was_sent_just_now_may_still_come(archive: Archive) -> None:
    archive.send(at=timezone.now())
    assert now_heal().listed == 0


def test_nothing_falls_between_two_runs_even_if_the_vendor_lists_it_late(archive: Archive) -> None:
    first = now_heal()
    archive.send(at=first.until - timedelta(minutes=50))
    assert now_heal().recovered == 1


def test_a_clock_that_is_off_is_told_and_looked_behind(archive: Archive) -> None:
    archive.ahead = -timedelta(hours=3)
    first = now_heal()
    assert first.remark == "The clock of GitHub is 3 h behind ours." or "2 h 59 min" in first.remark
    archive.send(at=timezone.now() + archive.ahead)
    assert now_heal().recovered == 1


def test_one_that_vanishes_between_the_list_and_the_fetch_is_lost_and_said_to_be(archive: Archive) -> None:
    archive.send(3)
    archive.vanished.add("e-1")
    search = now_heal()
    assert (search.missing, search.recovered, search.lost, search.error) == (3, 2, 1, "")
    gap = Gap.objects.get(external_id="e-1")
    assert (gap.outcome, gap.words) == ("gone", "there is no such delivery")
    assert Incident.objects.get().cause == "3 of the webhooks it sent had not arrived: 2 recovered, 1 cannot be."


def test_a_cursor_that_has_expired_costs_going_through_the_list_again(archive: Archive) -> None:
    archive.send(250)
    archive.expired.add("200")
    search = now_heal()
    assert (search.recovered, search.listed, search.error) == (250, 200, "") or search.recovered == 250
    assert archive.asked.count("page ") == 2


def test_ten_thousand_in_range_are_compared_in_as_many_runs_as_it_takes(archive: Archive, monkeypatch) -> None:
    archive.send(10_000)
    arrive(external_id="e-0")
    questions = itertools.count()
    # Time is over after every 150th question.
    monkeypatch.setattr(run.deadline, "remaining", lambda: 0.0 if next(questions) % 150 == 149 else 100.0)
    runs = [now_heal(early=False)]
    while not runs[-1].finished_at:
        assert runs[-1].error == ""
        runs.append(now_heal(early=False))
    assert len(runs) > 50
    assert {one.pk for one in runs} == {runs[0].pk}
    assert (runs[-1].listed, runs[-1].recovered) == (10_000, 9_999)
    assert Delivery.objects.count() == 10_000
    assert len([what for what in archive.asked if what.startswith("page")]) == 100, "no page is asked for twice"


def test_an_objects_deliveries_are_stored_in_the_order_in_which_they_were_sent(archive: Archive) -> None:
    start = timezone.now() - timedelta(hours=1)
    for number in range(30):
        archive.send(at=start + timedelta(seconds=(number * 7) % 30), object_key=f"o-{number % 3}")
    now_heal()
    for key in ("o-0", "o-1", "o-2"):
        stored = Delivery.objects.filter(object_key=key).order_by("pk").values_list("external_id", flat=True)
        sent = {item.id: item.at for item in archive.events}
        assert [sent[one] for one in stored] == sorted(sent[one] for one in stored)


def test_a_recovered_delivery_is_under_the_rules_of_its_source_and_says_where_it_comes_from(archive: Archive) -> None:
    SourceRule.objects.create(slug="github", keep_days=7, redactions=["number"])
    archive.send()
    now_heal()
    stored = Delivery.objects.get()
    content = content_of(stored)
    assert content is not None
    assert b'"number":0' not in content.body.replace(b" ", b"")
    assert (stored.expires_on - stored.received_at.date()).days == 7
    assert "authorization" not in content.headers
    assert content.headers["x-patchbay-recovered"].endswith(f"search {Search.objects.get().pk}")
    assert content.headers["x-github-event"] == "push"


def test_a_refusal_opens_an_incident_at_once_and_the_vendor_is_left_alone_for_longer_each_time(
    archive: Archive,
) -> None:
    def refuse(_what: str) -> None:
        raise Forbidden("github answered 403")

    archive.before = refuse
    waits = []
    for _ in range(4):
        search = now_heal()
        mark = Watermark.objects.get()
        waits.append(mark.due_at - timezone.now())
        assert (search.code, search.finished_at, mark.leased_until) == ("forbidden", None, None)
    assert waits[3] > 3 * waits[0] > timedelta(seconds=60)
    incident = Incident.objects.get()
    assert (incident.kind, incident.code) == ("gap", "forbidden")
    assert "GITHUB_TOKEN" in incident.remedy
    archive.before = lambda _what: None
    now_heal()
    assert Incident.objects.get().closed_at


def test_a_few_gaps_open_no_incident_and_many_do(archive: Archive, settings) -> None:
    settings.HEAL_TELL_FROM = 3
    archive.send(2)
    now_heal()
    assert not Incident.objects.exists()
    archive.send(3)
    now_heal()
    assert "3 of the webhooks it sent had not arrived" in Incident.objects.get().cause
    now_heal()
    assert Incident.objects.get().closed_at


def test_one_that_arrives_by_itself_meanwhile_was_late_and_not_missing(archive: Archive) -> None:
    archive.send(2)
    archive.before = lambda what: arrive(external_id="e-1") if what == "fetch 0" else None
    search = now_heal()
    assert (search.missing, search.recovered) == (1, 1)
    assert Delivery.objects.count() == 2


def test_a_run_that_was_silent_for_too_long_gives_way_to_the_next(archive: Archive) -> None:
    archive.send(2)

    def oversleep(what: str) -> None:
        if what == "fetch 0":
            archive.before = lambda _what: None
            Watermark.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
            assert claim("github", timezone.now(), early=True)

    archive.before = oversleep
    assert now_heal().finished_at is None
    assert Watermark.objects.get().leased_until > timezone.now()


@pytest.mark.parametrize("_round", range(20))
def test_of_those_who_come_at_once_one_runs(archive: Archive, _round) -> None:
    archive.send(5)

    def attempt(_number: int) -> Search | None:
        try:
            return heal("github", timezone.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(attempt, range(4)))
    assert Delivery.objects.count() == 5
    assert Search.objects.filter(missing__gt=0).count() == 1
    assert any(found)


def test_a_process_that_dies_midway_is_followed_by_one_that_goes_on(archive: Archive) -> None:
    archive.send(30)

    def die(what: str) -> None:
        if what == "fetch 25":
            raise KeyboardInterrupt

    archive.before = die
    with pytest.raises(KeyboardInterrupt):
        now_heal()
    assert Delivery.objects.count() == 25
    archive.before = lambda _what: None
    assert heal("github", timezone.now(), early=True) is None, "the lease of the dead holds"
    later = timezone.now() + leases.LEASE + timedelta(seconds=1)
    search = heal("github", later)
    assert search is not None
    assert (search.recovered, Search.objects.count()) == (30, 1)
    assert archive.asked.count("page ") == 1


def test_a_vendor_that_is_down_is_the_watchs_business_for_a_while(archive: Archive) -> None:
    def fail(_what: str) -> None:
        raise Retryable("github cannot be reached", 600.0)

    archive.before = fail
    now_heal()
    assert Watermark.objects.get().due_at > timezone.now() + timedelta(seconds=590)
    assert not Incident.objects.exists()
    for _ in range(4):
        now_heal()
    assert Incident.objects.get().kind == "gap"
