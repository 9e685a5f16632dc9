"""From Python's types to JSON Schema: what an event's `TypedDict` says, in words other languages read.

Validation is the readers' business; nothing here runs when an event is published.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

_SIMPLE: Mapping[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    NoneType: {"type": "null"},
    Any: {},
}


@dataclass(frozen=True)
class Format:
    """A `format` of JSON Schema, such as `date-time`, `email`, `uri` or `uuid`."""

    name: str


Moment = Annotated[str, Format("date-time")]
Email = Annotated[str, Format("email")]
Link = Annotated[str, Format("uri")]
Uuid = Annotated[str, Format("uuid")]


def schema_of(shape: Any) -> dict[str, Any]:
    """The schema of a type; `TypeError` for one that JSON has no word for."""
    if shape in _SIMPLE:
        return dict(_SIMPLE[shape])
    if is_typeddict(shape):
        return _object(shape)
    origin, inner = get_origin(shape), get_args(shape)
    if origin is Annotated:
        return schema_of(inner[0]) | _notes(inner[1:])
    if origin in (Required, NotRequired):
        return schema_of(inner[0])
    if origin is Literal:
        return {"enum": list(inner)}
    if origin in (Union, UnionType):
        return {"anyOf": [schema_of(one) for one in inner]}
    if origin is list:
        return {"type": "array", "items": schema_of(inner[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema_of(inner[1])}
    raise TypeError(f"{shape!r} has no form in JSON Schema")


def _object(shape: Any) -> dict[str, Any]:
    # A receiver must live with fields that come later: nothing is said against more of them.
    fields = {name: schema_of(kind) for name, kind in get_type_hints(shape, include_extras=True).items()}
    return {"type": "object", "properties": fields, "required": sorted(shape.__required_keys__)}


def _notes(notes: tuple[Any, ...]) -> dict[str, Any]:
    return dict(("format", note.name) if isinstance(note, Format) else ("description", str(note)) for note in notes)
