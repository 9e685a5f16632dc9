"""Bodies and schemas as people read them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Field:
    """One field of an event's data: its path, as `order.lines[].name`, its type in words, and whether it is always
    there.
    """

    path: str
    kind: str
    always: bool
    words: str


def readable(body: bytes | str) -> str:
    """JSON indented, anything else as it came, bytes that are no text as escapes."""
    text = body if isinstance(body, str) else body.decode("utf-8", "backslashreplace")
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False).encode("utf-8", "replace").decode()
    except (ValueError, RecursionError):
        return text


def fields(schema: Mapping[str, Any], above: str = "") -> Iterator[Field]:
    """Every field of a JSON Schema that our catalogue makes, the outer before the inner."""
    inner = _object(schema)
    required = inner.get("required", ())
    for name, kind in inner.get("properties", {}).items():
        path = f"{above}.{name}" if above else name
        yield Field(path + _brackets(kind), _kind(kind), name in required, kind.get("description", ""))
        yield from fields(kind, path + _brackets(kind))


def _object(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object that a schema speaks of, itself or as each of a list, or as one of several."""
    if schema.get("type") == "array":
        return _object(schema["items"])
    for one in schema.get("anyOf", ()):
        if found := _object(one):
            return found
    return schema if "properties" in schema else {}


def _brackets(schema: Mapping[str, Any]) -> str:
    return "[]" if schema.get("type") == "array" else ""


def _kind(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return " or ".join(json.dumps(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    return str(schema.get("format") or schema.get("type", "anything"))
