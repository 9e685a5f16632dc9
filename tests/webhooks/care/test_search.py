"""Finding deliveries: everything that fits and nothing else, page by page, at a bounded price."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.webhooks.arrivals import arrive
from webhooks.care import counting, search
from webhooks.care.conditions import conditions_of, sources_seen
from webhooks.care.language import parse
from webhooks.care.search import Budget, TooSlow, find, stopped_in_time
from webhooks.models import Contents

pytestmark = pytest.mark.django_db


def found(written: str, **options: Any) -> list[str]:
    return [row.external_id for row in find(parse(written, timezone.now()), **options).rows]


@pytest.mark.parametrize(
    ("written", "fits"),
    [
        ("", "dcba"),
        ("source:acme", "ba"),
        ("source:acme,github", "dcba"),
        ("-source:acme", "dc"),
        ("type:charge.failed", "b"),
        ("type:charge.*", "ba"),
        ("type:*.failed", "b"),
        ("type:charge*", "cba"),
        ("type:c.arge*", ""),
        ("state:dead", "b"),
        ("state:dead,ignored", "cb"),
        ("-state:pending", "cb"),
        ("object:pi_1", "ba"),
        ("request:r-12345678", "a"),
        ("id:b", "b"),
        ("id:b,c,nobody", "cb"),
        ("since:-90m", "dcb"),
        ("until:-90m", "a"),
        ("since:-150m until:-90m", "a"),
        ("since:-1s", ""),
        ("pi_1", "ba"),
        ("r-12345678", "a"),
        ("CHARGE.", "ba"),
        ("i_1", "ba"),
        ("nowhere", ""),
        ("source:acme state:dead type:charge.*", "b"),
    ],
)
def test_a_search_finds_what_fits_the_newest_first(written: str, fits: str) -> None:
    now = timezone.now()
    older = {"received_at": now - timedelta(hours=2), "source": "acme", "object_key": "pi_1"}
    arrive("charge.made", external_id="a", request_id="r-12345678", **older)
    arrive("charge.failed", external_id="b", **older | {"received_at": now - timedelta(hours=1)}, state="dead")
    arrive("chargeback", external_id="c", received_at=now - timedelta(minutes=10), state="ignored")
    arrive("push", external_id="d", received_at=now - timedelta(minutes=5))
    assert found(written) == list(fits)


def test_times_are_exact_where_rows_came_out_of_their_order() -> None:
    now = timezone.now()
    for name, minutes in (("a", 10), ("b", 30), ("c", 10), ("d", 30)):
        arrive(external_id=name, received_at=now - timedelta(minutes=minutes))
    assert found("since:-20m") == ["c", "a"]
    assert found("until:-20m") == ["d", "b"]


def test_ours_is_an_id_too() -> None:
    row = arrive(external_id="x")
    arrive(external_id="y")
    assert found(f"id:{row.pk}") == found(str(row.pk)) == ["x"]
    assert found("id:99999999999999999999") == []


@pytest.mark.parametrize(
    ("body", "text", "fits"),
    [
        (b'{"message": "Your card was DECLINED."}', "card was declined", True),
        (b'{"message": "Your card was DECLINED."}', "declined?", False),
        (b'{"name": "Stra\\u00dfe"}', "straße", True),
        ('{"name": "Straße"}'.encode(), "STRASSE", True),
        (b'{"quote": "say \\"no\\""}', 'say "no"', True),
        (b'{"url": "https:\\/\\/a.example"}', "https://a.example", True),
        (b"\xff\xfe raw", "RAW", True),
        (b"", "x", False),
    ],
)
def test_text_is_found_whatever_its_case_and_spelling(body: bytes, text: str, fits: bool) -> None:
    arrive(external_id="x", body=body)
    escaped = text.replace('"', '\\"')
    assert found(f'text:"{escaped}"') == ["x"] * fits


def test_of_what_is_no_longer_kept_no_text_is_found() -> None:
    arrive(body=b"declined")
    Contents.objects.all().delete()
    assert found("text:declined") == []


def test_pages_follow_each_other_without_a_gap_or_a_repetition() -> None:
    for number in range(7):
        arrive(external_id=f"d{number}", body=b"yes" if number % 2 else b"no")
    query, seen, before = parse("text:yes", timezone.now()), [], None
    while True:
        page = find(query, before, limit=2)
        seen += [row.external_id for row in page.rows]
        if (before := page.before) is None:
            break
    assert seen == ["d5", "d3", "d1"]


def test_a_text_search_ends_when_its_bodies_are_used_up_and_says_how_far_it_got(monkeypatch: Any) -> None:
    monkeypatch.setattr(search, "CHUNK", 2)
    for number in range(6):
        arrive(external_id=f"d{number}", body=b"needle" if number == 1 else b"hay")
    query = parse("text:needle", timezone.now())
    first = find(query, budget=Budget(bodies=3))
    assert first.rows == []
    assert first.until.startswith("Searched 4 deliveries back to ")
    second = find(query, first.before, budget=Budget(bodies=3))
    assert [row.external_id for row in second.rows] == ["d1"]
    assert second.until == ""


def test_what_no_index_answers_is_looked_for_in_strides_until_time_is_up(monkeypatch: Any) -> None:
    monkeypatch.setattr(search, "STRIDE", 2)
    for number in range(6):
        arrive("rare" if number == 0 else "push", external_id=f"d{number}")
    query = parse("type:r*", timezone.now())
    ticks = iter(range(100))
    hasty = find(query, budget=Budget(seconds=2, clock=lambda: float(next(ticks))))
    assert (hasty.rows, hasty.looked) == ([], 4)
    patient = find(query, budget=Budget(seconds=1000))
    assert [row.external_id for row in patient.rows] == ["d0"]


def test_every_source_that_ever_spoke_is_known() -> None:
    for source in ("b", "a", "b", "c"):
        arrive(source=source)
    assert sources_seen() == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("written", "indexed"),
    [
        ("", True),
        ("source:acme", True),
        ("state:dead", True),
        ("state:ignored", False),
        ("state:dead type:push", True),
        ("object:o", True),
        ("id:x", True),
        ("request:r", True),
        ("state:handled", False),
        ("state:pending", False),
        ("type:push", False),
        ("-state:dead", False),
        ("source:acme type:push", False),
        ("source:acme,github", False),
        ("state:ignored type:push", False),
        ("word", False),
    ],
)
def test_only_what_an_index_answers_is_asked_of_the_whole_table(written: str, indexed: bool) -> None:
    arrive()
    assert conditions_of(parse(written, timezone.now())).indexed is indexed


def test_counting_ends_at_a_thousand(monkeypatch: Any) -> None:
    monkeypatch.setattr(counting, "MOST", 3)
    for number in range(5):
        arrive(external_id=f"d{number}", state="dead" if number < 2 else "pending")
    assert (counting.by_state()["dead"], counting.at_most(4, 3)) == ("2", "3+")


def test_a_page_costs_few_queries() -> None:
    for _ in range(3):
        arrive(state="dead")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        find(parse("state:dead", timezone.now()))
    data = [query for query in asked.captured_queries if query["sql"].startswith(('SELECT "', "SELECT MAX"))]
    assert len(data) == 2


def test_other_errors_of_the_database_are_not_called_slow() -> None:
    with pytest.raises(ZeroDivisionError), stopped_in_time():
        raise ZeroDivisionError
    assert issubclass(TooSlow, ValueError)
