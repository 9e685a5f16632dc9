"""The search box's language: what it understands, and the words in which it does not."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks.care.language import LONGEST, Term, Unreadable, joined, parse, without, written

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_a_search_is_read_as_it_is_written() -> None:
    query = parse('source:acme type:charge.* -state:handled,ignored since:-2h text:"card \\"x\\" declined" evt_1', NOW)
    assert query.terms == (
        Term("source", ("acme",)),
        Term("type", ("charge.*",)),
        Term("state", ("handled", "ignored"), negated=True),
        Term("word", ("evt_1",)),
    )
    assert (query.since, query.until, query.text) == (NOW - timedelta(hours=2), None, ('card "x" declined',))


@pytest.mark.parametrize(
    ("search", "moment"),
    [
        ("-30s", NOW - timedelta(seconds=30)),
        ("-1w", NOW - timedelta(weeks=1)),
        ("2026-11-23", datetime(2026, 11, 23, tzinfo=UTC)),
        ("2026-11-23T12:00Z", datetime(2026, 11, 23, 12, tzinfo=UTC)),
        ("2026-11-23T12:00+02:00", datetime(2026, 11, 23, 10, tzinfo=UTC)),
    ],
)
def test_times_are_absolute_or_relative(search: str, moment: datetime) -> None:
    assert parse(f"until:{search}", NOW).until == moment


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ("colour:red", "There is no filter colour: there are source, type"),
        ("state:broken", "There is no state broken: there are pending"),
        ('"half', "Is a quote missing"),
        ("source:", "needs a value"),
        ("source:,", "needs a value"),
        ("since:yesterday", "is not a time such as"),
        ("since:-999999w", "is not a time such as"),
        ("since:-1h since:-2h", "given twice"),
        ("-evt_1", "turned round"),
        ("-text:x", "turned round"),
        ("a\x00b", "NUL"),
        ("x" * (LONGEST + 1), "characters"),
        ("a " * 21, "20 filters"),
    ],
)
def test_what_cannot_be_read_is_told_in_words(search: str, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        parse(search, NOW)


@given(st.text(alphabet=st.characters(blacklist_characters="\x00"), min_size=1, max_size=60))
def test_any_value_survives_being_written_into_a_search(value: str) -> None:
    assert parse(written("object", value), NOW).terms == (Term("object", (value,)),)
    assert parse(f"state:dead {written('text', value)}", NOW).text == (value,)


@given(st.text(max_size=80))
def test_whatever_is_typed_is_a_search_or_is_told_in_words(search: str) -> None:
    with suppress(Unreadable):
        assert parse(search, NOW).terms or search.strip() == "" or parse(search, NOW)


def test_a_filter_is_taken_out_and_the_rest_stays() -> None:
    assert without('state:dead text:"a \\"b" -state:handled x', "state") == 'text:"a \\"b" x'
    assert without('state:dead "half', "state") == 'state:dead "half'


def test_the_words_of_a_command_line_are_one_search() -> None:
    assert joined(["state:dead", "text:card declined", "a b"]) == 'state:dead text:"card declined" a b'
