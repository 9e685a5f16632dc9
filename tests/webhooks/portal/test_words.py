"""What pages say of an endpoint and a message, what they count, and the catalogue."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from tests.payments.browsing import require_strict, text
from webhooks.models import Attempt, Endpoint, Message
from webhooks.outbox.catalogue import catalogue
from webhooks.portal.figures import counts_of, figures_of, with_last_delivery
from webhooks.portal.shown import Field, fields, readable
from webhooks.portal.words import due, standing

NOW = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
RESTING = Endpoint(rate=5, ordered=True, next_at=NOW + timedelta(seconds=0.1))


def waiting(tries: int = 1, attempts: int = 1, state: str = "enabled", **fields: Any) -> Message:
    given = {"due_at": NOW + HOUR, "endpoint": Endpoint(state=state), "tries": tries, "attempts": attempts}
    return Message(**(given | fields))


@pytest.mark.parametrize(
    ("message", "last", "words"),
    [
        (waiting(), 1, "Next try in 1 h, at 24 November 2026, 13:30 UTC; 9 of 10 tries are left."),
        (waiting(tries=9, attempts=9), 9, "Next try in 1 h, at 24 November 2026, 13:30 UTC; it is the last."),
        (waiting(attempts=2), 1, "It is being sent now."),
        (waiting(tries=0, attempts=1), None, "It is being sent now."),
        (waiting(due_at=NOW), 1, "It is being sent now."),
        (waiting(due_at=NOW, endpoint=RESTING), 1, "It waits for its turn, by the endpoint's rate."),
        (waiting(due_at=NOW, endpoint=Endpoint(rate=5, next_at=NOW)), 1, "It is being sent now."),
        (waiting(due_at=NOW, endpoint=Endpoint(rate=5, ordered=True)), 1, "It waits for its turn."),
        (waiting(due_at=NOW, endpoint=Endpoint(failing_since=NOW)), 1, "It waits for its turn."),
        (waiting(attempts=2, endpoint=Endpoint(rate=5)), 1, "It is being sent now."),
        (waiting(state="paused"), 1, "It waits until you resume the endpoint."),
        (waiting(state="disabled"), 1, "It waits: the endpoint is disabled."),
    ],
)
def test_when_a_message_is_tried_next_is_told_in_words(message: Message, last: int | None, words: str) -> None:
    assert due(message, Attempt(number=last) if last else None, NOW) == words


@pytest.mark.parametrize("state", ["delivered", "failed"])
def test_what_is_done_is_not_due(state: str) -> None:
    message = waiting()
    message.state = state
    assert due(message, None, NOW) == ""


def test_how_an_endpoint_is_is_told_in_words() -> None:
    assert standing(Endpoint(), NOW).words == "Enabled"
    failing = standing(Endpoint(failing_since=NOW - HOUR, failures=2), NOW)
    assert failing.words == "Failing since 24 November 2026, 11:30 UTC"
    assert (
        failing.detail == "2 tries in vain since. If nothing arrives until 29 November 2026, 11:30 UTC, we disable it."
    )
    late = standing(Endpoint(failing_since=NOW - 400 * HOUR, failures=1), NOW)
    assert late.detail == "1 try in vain since. If that lasts, we disable it."
    assert standing(Endpoint(state="disabled", since=NOW), NOW).detail == "We stopped sending."


@pytest.fixture
def tried(endpoint: Endpoint) -> None:
    """Tries of the endpoint: hours ago, milliseconds, whether it failed."""
    for number, (ago, ms, code) in enumerate([(0, 10, ""), (0, 30, "status_500"), (23, 20, ""), (25, 999, "")]):
        at = NOW - ago * HOUR
        state = "failed" if code else "delivered"
        message = Message.objects.create(endpoint=endpoint, name="order.paid", sample={}, state=state, done_at=at)
        Attempt.objects.create(
            message=message, number=number, at=at, ms=ms, url="x", status=500 if code else 200, code=code
        )


@pytest.mark.django_db
@pytest.mark.usefixtures("tried")
def test_the_last_day_is_counted_by_the_hour(endpoint: Endpoint) -> None:
    still = Message.objects.create(endpoint=endpoint, name="order.paid", sample={}, attempts=1)
    Attempt.objects.create(message=still, number=1, at=NOW - 30 * HOUR, ms=5000, url="x", status=500, code="status_500")
    figures = figures_of([endpoint], NOW)[endpoint.pk]
    assert (figures.tries, figures.failed, figures.share) == (3, 1, "67 %")
    assert [bar.x for bar in figures.sparkline.bars] == [0, 69]
    assert [bool(bar.failures_height) for bar in figures.sparkline.bars] == [False, True]
    counts = counts_of(endpoint, NOW)
    assert (counts.by_state, counts.median_ms) == ({"waiting": 1, "delivered": 3, "failed": 1}, 20)


@pytest.mark.django_db
@pytest.mark.usefixtures("tried")
def test_the_last_delivery_is_the_last_that_arrived(endpoint: Endpoint) -> None:
    (found,) = with_last_delivery(Endpoint.objects.all())
    newest = Message.objects.filter(state="delivered").latest("pk")
    assert getattr(found, "last_delivery") == newest.done_at  # noqa: B009


def test_one_failure_in_a_thousand_is_no_full_success() -> None:
    from integrations.sparkline import draw
    from webhooks.portal.figures import Figures

    assert Figures(10_000, 1, draw([])).share == "99.9 %"
    assert Figures(10, 0, draw([])).share == "100 %"
    assert Figures(0, 0, draw([])).share == "–"


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[" * 100_000, b"null", b'{"a": "\\ud800"}'])
def test_any_body_can_be_read(body: bytes) -> None:
    readable(body).encode()


def test_a_schema_is_a_table_of_fields() -> None:
    rows = {field.path: field for field in fields(catalogue()["order.paid"].schema())}
    assert rows["order.total.amount"] == Field(
        "order.total.amount", "integer", True, "In the currency's smallest unit."
    )
    assert rows["order.lines[]"].kind == "list of object"
    assert rows["order.lines[].name"].kind == "string"
    assert not rows["failure"].always
    failing = {field.path: field.kind for field in fields(catalogue()["endpoint.failing"].schema())}
    assert failing["failing_since"] == "date-time or null"
    assert failing["manage_url"] == "uri"


@pytest.mark.django_db
def test_the_catalogue_shows_every_type_to_everybody(client: Client) -> None:
    page = client.get("/event-types")
    require_strict(page)
    for name, one in catalogue().items():
        assert f'id="{name}"' in page.content.decode()
        assert one.description in text(page)
    assert "In the currency&#x27;s smallest unit." in page.content.decode()
