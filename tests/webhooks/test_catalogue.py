"""The catalogue of events: true to what is published, in words that any language reads."""

from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pytest
from django.db import transaction
from jsonschema import Draft202012Validator
from structlog.testing import capture_logs

from webhooks.models import OutboxEvent
from webhooks.outbox import catalogue
from webhooks.outbox.page import page
from webhooks.outbox.publishing import Undeclared, publish
from webhooks.outbox.shapes import Email, schema_of

EVENTS = catalogue.catalogue()


@pytest.mark.parametrize("name", EVENTS)
def test_an_example_is_what_its_schema_says(name: str) -> None:
    schema = EVENTS[name].schema()
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(EVENTS[name].example)


@pytest.mark.parametrize("name", EVENTS)
def test_a_schema_refuses_what_lacks_a_field(name: str) -> None:
    validator = Draft202012Validator(EVENTS[name].schema())
    for field in EVENTS[name].schema()["required"]:
        assert not validator.is_valid({key: value for key, value in EVENTS[name].example.items() if key != field})


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_is_described_in_a_sentence(name: str) -> None:
    assert EVENTS[name].description.endswith(".")


@pytest.mark.django_db
def test_an_event_that_nobody_declared_is_not_published() -> None:
    with pytest.raises(Undeclared, match=r"order\.payed is in no catalogue"), transaction.atomic():
        publish("order.payed", {}, about="order:1")


@pytest.mark.django_db
def test_in_production_it_is_told_of_and_not_lost(settings: Any) -> None:
    settings.STRICT_EVENTS = False
    with transaction.atomic(), capture_logs() as lines:
        publish("order.payed", {}, about="order:1")
    assert OutboxEvent.objects.filter(name="order.payed").exists()
    assert (lines[0]["event"], lines[0]["log_level"]) == ("event.undeclared", "error")


def test_a_name_is_declared_once() -> None:
    with pytest.raises(ValueError, match=r"order\.paid is declared already"):
        catalogue.declare("order.paid", "Again.", dict, {})


def test_the_page_is_as_the_code_is() -> None:
    assert Path("docs/events.md").read_text(encoding="utf-8") == page(), "run `make docs`"


def test_a_change_of_the_catalogue_shows_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        catalogue._declared, "order.shipped", catalogue.EventType("order.shipped", "It left.", Shape, {})
    )
    assert "## order.shipped" in page()


class Inner(TypedDict):
    at: Annotated[Email | None, "Where."]


class Shape(TypedDict):
    text: str
    number: Annotated[int, "How many."]
    share: float
    flag: bool
    choice: Literal["a", "b"]
    many: list[Inner]
    free: dict[str, int]
    anything: Any
    later: NotRequired[str]


def test_every_type_of_python_that_events_use_has_its_schema() -> None:
    told = schema_of(Shape)
    assert told["required"] == ["anything", "choice", "flag", "free", "many", "number", "share", "text"]
    assert told["properties"] == {
        "text": {"type": "string"},
        "number": {"type": "integer", "description": "How many."},
        "share": {"type": "number"},
        "flag": {"type": "boolean"},
        "choice": {"enum": ["a", "b"]},
        "many": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "at": {"anyOf": [{"type": "string", "format": "email"}, {"type": "null"}], "description": "Where."}
                },
                "required": ["at"],
            },
        },
        "free": {"type": "object", "additionalProperties": {"type": "integer"}},
        "anything": {},
        "later": {"type": "string"},
    }


@pytest.mark.parametrize("shape", [bytes, set[int], tuple[int, str], object])
def test_what_json_has_no_word_for_is_refused(shape: Any) -> None:
    with pytest.raises(TypeError, match="no form in JSON Schema"):
        schema_of(shape)
