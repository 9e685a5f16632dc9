"""Typed reads of untrusted JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.errors import BadPayload
from integrations.payload import Payload, parse_json
from tests.integrations.spoiling import JSON, TEXT

SAMPLE = Payload({"id": "evt_1", "n": 3, "yes": True, "none": None, "list": [1], "in": {"ner": {"id": "x"}}})


def test_each_read_gives_its_type():
    assert SAMPLE.text("id") == "evt_1"
    assert SAMPLE.integer("n") == 3
    assert SAMPLE.flag("yes") is True
    assert SAMPLE.items("list") == [1]
    assert SAMPLE.text("in.ner.id") == SAMPLE.child("in.ner").text("id") == "x"


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (lambda: SAMPLE.text("n"), "n is not text"),
        (lambda: SAMPLE.text("none"), "none is not text"),
        (lambda: SAMPLE.text("gone"), "gone is missing"),
        (lambda: SAMPLE.text("in.gone.id"), "in.gone.id is missing"),
        (lambda: SAMPLE.text("id.deeper"), "id.deeper is missing"),
        (lambda: SAMPLE.text("n", "default"), "n is not text"),
        (lambda: SAMPLE.integer("yes"), "yes is not an integer"),
        (lambda: SAMPLE.integer("id"), "id is not an integer"),
        (lambda: SAMPLE.flag("n"), "n is not true or false"),
        (lambda: SAMPLE.items("in"), "in is not a list"),
        (lambda: SAMPLE.child("list"), "list is not an object"),
        (lambda: SAMPLE.child("in").child("ner").text("gone"), "in.ner.gone is missing"),
        (lambda: Payload([1]), "the body is not an object"),
        (lambda: Payload(None, "an event"), "an event is not an object"),
    ],
)
def test_a_read_that_fails_names_its_field(read, words):
    with pytest.raises(BadPayload, match=f"^{words}$"):
        read()


def test_a_default_stands_in_for_what_is_absent_or_null():
    assert SAMPLE.text("gone", "default") == SAMPLE.text("none", "default") == "default"
    assert SAMPLE.text("gone", "") == ""
    assert SAMPLE.integer("gone", 0) == 0
    assert SAMPLE.flag("none", False) is False


def test_having_means_anything_but_null():
    assert SAMPLE.has("in.ner")
    assert not SAMPLE.has("none")
    assert not SAMPLE.has("gone.deeper")


@pytest.mark.parametrize(
    "body", [b"", b"nonsense", b"\xff", b"NaN", b"[Infinity]", b"1e999", b"[" * 50_000, b'{"a":' * 50_000, b"9" * 5000]
)
def test_what_is_not_json_is_refused(body):
    with pytest.raises(BadPayload, match="the body is not JSON"):
        parse_json(body)


@given(st.binary())
def test_no_bytes_raise_anything_but_a_refusal(body):
    try:
        Payload.parse(body)
    except BadPayload:
        return
    assert isinstance(json.loads(body), dict)


@given(st.dictionaries(TEXT, JSON))
def test_what_is_stored_reads_the_same_again(data):
    assert parse_json(Payload(data).encoded()) == data


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(VALUES, st.booleans())
def test_it_is_read_as_the_standard_library_reads_it(value, spelled_out):
    """Whole numbers of any length above all: amounts and ids must not become fractions."""
    written = json.dumps(value, ensure_ascii=spelled_out).encode()
    assert parse_json(written) == json.loads(written)


def test_half_a_surrogate_pair_which_json_can_spell_is_read():
    assert parse_json(b'{"half": "\\ud800", "id": 1}') == {"half": "\ud800", "id": 1}
