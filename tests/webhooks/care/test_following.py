"""What `manage.py tail` shows: what comes, each state once, nothing twice, and only what fits."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from integrations.models import CallFailure
from tests.webhooks.arrivals import arrive
from webhooks.care import following
from webhooks.care.following import KINDS, Follower, followers
from webhooks.care.language import Query, parse
from webhooks.models import Delivery
from webhooks.outbox.publishing import publish

pytestmark = pytest.mark.django_db


def beginning(query: Query, back: int = 0) -> tuple[Follower, list[str]]:
    one = followers(("deliveries",))[0]
    return one, [line.told["external_id"] for line in one.begin(query, back)]


def news(one: Follower, query: Query) -> list[tuple[str, str]]:
    return [(line.told["external_id"], line.state) for line in one.news(query)]


def test_what_was_there_is_shown_the_oldest_first_and_then_only_news() -> None:
    for name in "abc":
        arrive(external_id=name)
    query = Query()
    one, first = beginning(query, 2)
    assert first == ["b", "c"]
    assert news(one, query) == []
    arrive(external_id="d")
    assert news(one, query) == [("d", "pending")]
    assert news(one, query) == []


def test_each_further_state_is_told_once() -> None:
    row, query = arrive(external_id="a"), Query()
    one, _ = beginning(query)
    for state in ("dead", "pending", "handled"):
        Delivery.objects.filter(pk=row.pk).update(state=state)
        told = news(one, query)
        assert told == [("a", state)]
        assert news(one, query) == []


def test_a_row_that_comes_to_sight_behind_a_newer_one_is_not_missed() -> None:
    late, query = arrive(external_id="late"), Query()
    pk = late.pk
    Delivery.objects.filter(pk=pk).delete()
    arrive(external_id="newer")
    one, _ = beginning(query)
    late.pk = pk
    late.save(force_insert=True)
    assert news(one, query) == [("late", "pending")]


@pytest.mark.parametrize("search", ["source:acme", "state:dead", "type:pi*", "text:needle", "nothing"])
def test_what_does_not_fit_is_not_shown(search: str) -> None:
    query = parse(search, timezone.now())
    one, _ = beginning(query)
    arrive("push", b"hay")
    assert news(one, query) == []


def test_a_text_is_looked_for_in_what_is_new() -> None:
    query = parse("text:needle", timezone.now())
    one, _ = beginning(query)
    arrive(body=b"a NEEDLE", external_id="a")
    assert news(one, query) == [("a", "pending")]


@pytest.mark.parametrize(
    ("search", "shown"),
    [
        ("", ["call", "delivery", "event"]),
        ("source:acme", ["call"]),
        ("-source:acme", ["delivery", "event"]),
        ("type:order.*", ["event"]),
        ("object:order:1", ["event"]),
        ('"order:1"', ["event"]),
        ("request:r-12345678", ["call"]),
        ("since:-1m", ["call", "delivery", "event"]),
        ("until:-1m", []),
        ("text:x", []),
    ],
)
def test_calls_and_events_are_filtered_by_what_they_have(search: str, shown: list[str]) -> None:
    arrive()
    CallFailure.objects.create(
        vendor="acme", operation="GET /", outcome="timeout", latency_ms=9, request_id="r-12345678"
    )
    publish("order.paid", {}, about="order:1")
    query = parse(search if search != "object:order:1" else 'object:"order:1"', timezone.now())
    lines = [line.what for one in followers(KINDS) for line in one.begin(query, 10)]
    assert sorted(lines) == shown


def test_the_command_prints_a_json_object_a_line(capsys: Any) -> None:
    arrive("push", external_id="a", state="dead", error="Traceback\nKeyError: 'ref'")
    call_command("tail", "state:dead", "--json", "--only", "deliveries")
    told = json.loads(capsys.readouterr().out)
    assert (told["what"], told["external_id"], told["error"]) == ("delivery", "a", "KeyError: 'ref'")


def test_the_command_follows_until_it_is_stopped(capsys: Any, monkeypatch: Any) -> None:
    from webhooks.management.commands import tail

    pauses = iter([lambda: arrive(external_id="new"), lambda: None])

    def pause(_seconds: float) -> None:
        try:
            next(pauses)()
        except StopIteration:
            raise KeyboardInterrupt from None

    monkeypatch.setattr(tail.time, "sleep", pause)
    monkeypatch.setattr(tail, "close_old_connections", lambda: None)
    call_command("tail", "-f", "--lines", "0")
    printed = capsys.readouterr().out
    assert printed.count("new") == 1


@pytest.mark.parametrize(("words", "said"), [(["state:dead"], "nothing fits"), (["colour:red"], "no filter colour")])
def test_the_command_fails_with_words(words: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("tail", *words)


def test_old_news_is_let_go_of() -> None:
    query = Query()
    one, _ = beginning(query)
    old = timezone.now() - timedelta(hours=1)
    first = arrive(state="handled", received_at=old)
    news(one, query)
    one.newest = first.pk + 1000
    news(one, query)
    assert first.pk not in one.told


def test_a_backlog_does_not_hide_what_comes_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "AT_ONCE", 5)
    monkeypatch.setattr(following, "MOST_OPEN", 5)
    monkeypatch.setattr(following, "LATE", 1)
    rows = [arrive(external_id=f"old-{number}") for number in range(5)]
    (one,) = followers(("deliveries",))
    assert len(list(one.begin(parse("", timezone.now()), 10))) == 5
    arrive(external_id="new")
    assert [line.detail for line in one.news(parse("", timezone.now()))] == ["new"]
    Delivery.objects.filter(pk=rows[2].pk).update(state="handled")
    assert [line.detail for line in one.news(parse("", timezone.now()))] == ["old-2"]
