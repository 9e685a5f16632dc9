"""Every event that Patchbay publishes, declared where it is published: its name, its meaning, its data's shape.

The shape is a `TypedDict`; `Annotated[str, "words"]` puts words beside a field, and a `Format` tells programs more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from webhooks.outbox.shapes import schema_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# When the examples happened, and what they are called.
MOMENT = datetime(2026, 11, 24, 12, tzinfo=UTC)
IDENTIFIER = "0197a3c4-5d2e-7b10-9c55-3f1d0a9b8e71"


@dataclass(frozen=True)
class EventType:
    """One kind of event. `staff_only` events belong to no person: they reach endpoints that are told of all users'."""

    name: str
    description: str
    data: type
    example: Mapping[str, Any]
    staff_only: bool = False

    def schema(self) -> dict[str, Any]:
        """The JSON Schema (2020-12) of the event's data."""
        return {"$schema": DIALECT, "title": self.name, "description": self.description, **schema_of(self.data)}

    def message(self) -> dict[str, Any]:
        """The example as an endpoint with full payloads is sent it."""
        return {"type": self.name, "timestamp": MOMENT.isoformat(), "data": dict(self.example)}


_declared: dict[str, EventType] = {}


def declare(
    name: str, description: str, data: type, example: Mapping[str, Any], *, staff_only: bool = False
) -> EventType:
    """Let `name` be published. `description` is a sentence, `example` the data of a true-to-life one."""
    if name in _declared:
        raise ValueError(f"{name} is declared already")
    _declared[name] = EventType(name, description, data, example, staff_only)
    return _declared[name]


def catalogue() -> dict[str, EventType]:
    """All event types by name, in alphabetical order."""
    return dict(sorted(_declared.items()))
