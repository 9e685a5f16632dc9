"""Deliveries as a file: whole, masked, harmless to a spreadsheet, and noted."""

import csv
import io
import json
from typing import Any

import pytest
from django.utils import timezone

from tests.webhooks.arrivals import arrive
from webhooks.care.audit import Person, Via
from webhooks.care.export import COLUMNS, cell, export
from webhooks.care.language import parse
from webhooks.models import Contents, Intervention

pytestmark = pytest.mark.django_db

ADA = Person("ada@example.com", Via.API)


def taken(search: str, form: str, **options: Any) -> str:
    return "".join(export(parse(search, timezone.now()), form, ADA, **options))


def test_ndjson_has_an_object_a_line_with_headers_and_a_masked_body() -> None:
    arrive("charge", b'{"note": "caf\xc3\xa9\\n", "card": "4242424242424242"}', external_id="a", headers={"x": "1"})
    arrive("push", external_id="b")
    first, second = map(json.loads, taken("", "ndjson").splitlines())
    assert (first["external_id"], second["external_id"]) == ("b", "a")
    assert second["headers"] == {"x": "1"}
    assert second["body"] == '{"note": "café\\n", "card": "[card …4242]"}'


def test_csv_has_a_row_a_delivery_whatever_is_in_its_body() -> None:
    arrive(body=b'a,"b"\r\nc', external_id="=1+1")
    rows = list(csv.reader(io.StringIO(taken("", "csv"))))
    told = dict(zip(rows[0], rows[1], strict=True))
    assert rows[0] == list(COLUMNS)
    assert (told["external_id"], told["body"]) == ("'=1+1", 'a,"b"\r\nc')


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "＝"])
def test_no_cell_is_a_formula(start: str) -> None:
    assert cell(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


def test_numbers_and_plain_words_stay_as_they_are() -> None:
    assert [cell(value) for value in (7, None, "evt_1", {"a": 1})] == [7, "", "evt_1", '{"a": 1}']


def test_what_is_no_longer_kept_is_null() -> None:
    arrive()
    Contents.objects.all().delete()
    told = json.loads(taken("", "ndjson"))
    assert (told["body"], told["headers"]) == (None, None)


def test_who_took_how_many_is_kept_even_of_a_file_that_was_cut_off() -> None:
    for _ in range(3):
        arrive(state="dead")
    taken("state:dead", "csv")
    row = Intervention.objects.get()
    assert (row.kind, row.who, row.query, row.reason, row.count) == (
        "export", "ada@example.com", "state:dead", "csv", 3,
    )  # fmt: skip
    pieces = export(parse("", timezone.now()), "ndjson", ADA)
    next(pieces)
    pieces.close()
    assert Intervention.objects.latest("pk").count == 1


def test_a_file_has_so_many_and_no_more() -> None:
    for _ in range(3):
        arrive()
    assert len(taken("", "ndjson", most=2).splitlines()) == 2
