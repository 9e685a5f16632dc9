"""Who pretends to be a source: refused, counted, and nothing of it kept but a masked sample."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DataError
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.payments.browsing import text
from tests.webhooks.sources.conftest import SCHEMES, Knock
from webhooks import metrics
from webhooks.models import Delivery, ForgeryHour
from webhooks.sources import forgeries as forgeries_module
from webhooks.sources.rounds import rounds

pytestmark = pytest.mark.django_db(transaction=True)

BODY = b'{"id":"ev-1","type":"thing.made","data":{"id":"o-1"}}'


def refuse(patch: pytest.MonkeyPatch, which: Callable[[forgeries_module.Tally], bool]) -> None:
    """Of the source `b` the database takes none of these."""
    written = forgeries_module._write

    def write(slot: forgeries_module.Slot, tally: forgeries_module.Tally) -> None:
        if slot[0] == "b" and which(tally):
            raise DataError("no such text")
        written(slot, tally)

    patch.setattr(forgeries_module, "_write", write)


def test_forgeries_are_counted_with_one_masked_sample_and_no_body(make: Any, knock: Knock, queries: list[str]) -> None:
    make(scheme="hmac", options={"header": "X-Proof"})
    queries.clear()
    headers = {
        "X-Proof": "f" * 64,
        "X-Api-Key": "sk_live_0123456789",
        "Cookie": "session=abc",
        "X-Blob": "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo",
        "User-Agent": "curl/8",
    }
    for _ in range(5):
        knock("acme", b"a private body", headers, address="198.51.100.9")
    assert queries == []
    rounds.make()
    for _ in range(2):
        knock("acme", b"{}", headers)
    rounds.make()
    row = ForgeryHour.objects.get()
    assert (row.source, row.count) == ("acme", 7)
    assert "no signature here" in row.reason
    shown = row.sample["headers"]
    assert shown["user-agent"] == "curl/8"
    kept = json.dumps(row.sample)
    for secret in ("f" * 24, "0123456789", "session=abc", "QUJDREVG", "private"):
        assert secret not in kept
    assert row.sample["size"] == 2


def test_what_is_not_a_source_is_no_forgery(knock: Knock) -> None:
    for _ in range(3):
        knock("nobody", BODY, {})
    rounds.make()
    assert not ForgeryHour.objects.exists()


def test_forgeries_wait_for_a_database_that_is_away(make: Any, knock: Knock, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import OperationalError

    make()
    knock("acme", BODY, {})
    with monkeypatch.context() as away:
        away.setattr(ForgeryHour.objects, "get_or_create", _raise(OperationalError("gone")))
        rounds.make()
    knock("acme", BODY, {})
    rounds.make()
    assert ForgeryHour.objects.get().count == 2


def test_forgeries_whose_sample_cannot_be_written_are_counted_all_the_same(
    make: Any, knock: Knock, monkeypatch: pytest.MonkeyPatch, staff_page: Callable[[str], str]
) -> None:
    for slug in ("a", "b", "c"):
        make(slug)
        knock(slug, BODY, {})
    with monkeypatch.context() as broken, capture_logs() as lines:
        refuse(broken, lambda tally: bool(tally.sample))
        rounds.make()
        rounds.make()
    assert [(line["event"], line["source"], line["count"]) for line in lines] == [("forgeries.without_sample", "b", 1)]
    assert dict(ForgeryHour.objects.values_list("source", "count")) == {"a": 1, "b": 1, "c": 1}
    assert "1 · what they looked like could not be kept" in staff_page("/console/sources/b")


def test_what_cannot_be_written_at_all_is_counted_as_lost_and_keeps_nothing_else_from_being_written(
    make: Any, knock: Knock, monkeypatch: pytest.MonkeyPatch, lost: list[tuple[int, str]]
) -> None:
    for slug in ("a", "b", "c"):
        make(slug)
        knock(slug, BODY, {})
    with monkeypatch.context() as broken, capture_logs() as lines:
        refuse(broken, lambda _tally: True)
        rounds.make()
        rounds.make()
    assert [line["event"] for line in lines] == ["forgeries.without_sample", "forgeries.lost"]
    assert lost == [(1, "b")]
    knock("b", BODY, {})
    rounds.make()
    assert dict(ForgeryHour.objects.values_list("source", "count")) == {"a": 1, "b": 1, "c": 1}


def test_what_there_is_no_room_for_is_counted_as_lost(
    make: Any, knock: Knock, monkeypatch: pytest.MonkeyPatch, lost: list[tuple[int, str]]
) -> None:
    monkeypatch.setattr(forgeries_module, "MOST_SLOTS", 1)
    make("a")
    make("b")
    for slug in ("a", "b", "b"):
        knock(slug, BODY, {})
    assert lost == [(1, "b"), (1, "b")]


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """What was counted as lost."""
    counted: list[tuple[int, str]] = []
    monkeypatch.setattr(metrics.forgeries_lost, "add", lambda number, source: counted.append((number, source)))
    return counted


@pytest.fixture
def staff_page(admin_client: Client) -> Callable[[str], str]:
    """The words of a page as staff see it."""
    return lambda path: text(admin_client.get(path))


def _raise(error: Exception) -> Callable[..., None]:
    def raising(**_given: Any) -> None:
        raise error

    return raising


WIRE = st.text(st.characters(max_codepoint=255), max_size=60)
NAMES = st.sampled_from(
    ["webhook-id", "webhook-timestamp", "webhook-signature", "x-sig", "x-token", "authorization", "content-type", "x"]
)


@pytest.fixture
def every_scheme(make: Any) -> None:
    for scheme, fields in SCHEMES.items():
        make(scheme.split("-")[0], scheme, **fields)


@given(
    slug=st.sampled_from(["standard", "hmac", "basic", "bearer", "none", "github", "\x00", "a/b", "é"]),
    headers=st.lists(
        st.tuples(NAMES, WIRE | st.sampled_from(["v1,", "v1", "t=,v1=", "Basic", "Basic Og=="])), max_size=6
    ),
    body=st.binary(max_size=80) | st.just(BODY),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_stranger_sends_is_answered_by_4xx_and_not_stored(
    every_scheme: None, knock: Knock, slug: str, headers: list[tuple[str, str]], body: bytes
) -> None:
    answer = knock(slug, body, headers, address="198.51.100.9")
    assert 400 <= answer.status < 500
    assert answer.problem["detail"]
    assert not Delivery.objects.exists()
    rounds.make()
