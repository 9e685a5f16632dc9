"""The result of a search as a file: NDJSON or CSV, written as it is read, so that its size costs no memory."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from itertools import islice
from math import inf
from typing import Any

from webhooks.care.audit import Kind, Person, note
from webhooks.care.choice import batched
from webhooks.care.language import Query
from webhooks.care.search import CHUNK, Budget, walk
from webhooks.care.telling import NARROW, whole
from webhooks.inbox.contents import contents_of
from webhooks.models import Intervention

MOST = 100_000  # deliveries in one file
MOST_BODIES = 1_000_000
BODIES = 10  # in memory at once, of up to 1 MiB each: a reader may take hours over them
TYPES = {"ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
COLUMNS = (*NARROW, "headers", "body")
# A spreadsheet takes a cell that begins so for a formula, https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def export(query: Query, form: str, person: Person, most: int = MOST) -> Iterator[str]:
    """The deliveries that fit, the newest first, as pieces of the file; who took them is noted, with their number.

    `KeyError` for a form that is not in `TYPES`, at once and not while the file is being read.
    """
    write = _WRITERS[form]
    row = note(Kind.EXPORT, person, query=query.written, reason=form)
    return _written(row, write, _rows(query, most))


def _written(row: Intervention, write: Callable[[Iterator[dict[str, Any]]], Iterator[str]], rows: Any) -> Iterator[str]:
    def counted() -> Iterator[dict[str, Any]]:
        for told in rows:
            row.count += 1
            yield told

    try:
        yield from write(counted())
    finally:
        row.save(update_fields=["count"])  # of a file that was cut off too: so many have left the house


def _rows(query: Query, most: int) -> Iterator[dict[str, Any]]:
    budget = Budget(seconds=inf, bodies=MOST_BODIES)
    found = islice(walk(query, None, budget, chunk=CHUNK), most)
    while batch := list(islice(found, CHUNK)):
        for few in batched(batch, BODIES):
            contents = contents_of(few)
            yield from (whole(delivery, contents.get(delivery.pk)) for delivery in few)


def _ndjson(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    return (json.dumps(told, ensure_ascii=False) + "\n" for told in rows)


def _csv(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    page = io.StringIO()
    writer = csv.writer(page)
    writer.writerow(COLUMNS)
    yield page.getvalue()
    for told in rows:
        page.seek(0)
        page.truncate()
        writer.writerow([cell(told[name]) for name in COLUMNS])
        yield page.getvalue()


def cell(value: object) -> str | int:
    """The value as a cell that no spreadsheet calculates with."""
    if value is None:
        return ""
    if isinstance(value, int):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


_WRITERS = {"ndjson": _ndjson, "csv": _csv}
