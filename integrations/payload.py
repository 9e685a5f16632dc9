"""Typed reads of untrusted JSON: every read names its field and states its type, so bad input fails by name."""

import hashlib
import json
from math import isinf
from typing import Any

import msgspec

from integrations.errors import BadPayload

MISSING = object()
_UNSTORABLE = dict.fromkeys((0, *range(0xD800, 0xE000)), "\ufffd")


class Payload:
    """A JSON object from outside. Paths are dotted: `payload.text("data.object.id")`."""

    def __init__(self, data: Any, where: str = "") -> None:
        if not isinstance(data, dict):
            raise BadPayload(f"{where or 'the body'} is not an object")
        self._data, self._where = data, where

    @classmethod
    def parse(cls, body: bytes) -> "Payload":
        """The body as a JSON object, or `BadPayload`."""
        return cls(parse_json(body))

    def text(self, path: str, default: str | None = None) -> str:
        """As a database can keep it: NUL and half a surrogate pair, which JSON may spell out, are replaced."""
        text = str(self._typed(path, str, "text", default))
        return text if text.isprintable() else text.translate(_UNSTORABLE)

    def integer(self, path: str, default: int | None = None) -> int:
        value = self._typed(path, int, "an integer", default)
        if isinstance(value, bool):
            raise BadPayload(f"{self._name(path)} is not an integer")
        return value

    def flag(self, path: str, default: bool | None = None) -> bool:
        return self._typed(path, bool, "true or false", default)

    def items(self, path: str) -> list[Any]:
        return self._typed(path, list, "a list", None)

    def child(self, path: str) -> "Payload":
        return Payload(self._find(path), self._name(path))

    def value(self, path: str) -> Any:
        """Whatever is at `path`, of whatever type; None when there is nothing."""
        found = self._find(path)
        return None if found is MISSING else found

    def encoded(self) -> bytes:
        """The object as compact JSON, as stored when it came as one of several; `BadPayload` for absurd nesting."""
        try:
            return json.dumps(self._data, separators=(",", ":")).encode()
        except RecursionError as error:
            raise BadPayload(f"{self._where or 'the body'} is nested too deeply") from error

    def digest(self) -> str:
        """What tells the object from any other, and is the same for every copy of it."""
        return hashlib.sha256(self.encoded()).hexdigest()[:32]

    def has(self, path: str) -> bool:
        """Whether there is anything but null at `path`."""
        return self._find(path) not in (MISSING, None)

    def _typed(self, path: str, kind: type, words: str, default: Any) -> Any:
        value = self._find(path)
        if value in (MISSING, None) and default is not None:
            return default
        if not isinstance(value, kind):
            raise BadPayload(
                f"{self._name(path)} is not {words}" if value is not MISSING else f"{self._name(path)} is missing"
            )
        return value

    def _find(self, path: str) -> Any:
        value: Any = self._data
        for step in path.split("."):
            value = value.get(step, MISSING) if isinstance(value, dict) else MISSING
        return value

    def _name(self, path: str) -> str:
        return f"{self._where}.{path}" if self._where else path


def parse_json(body: bytes) -> Any:
    """JSON of UTF-8 bytes, or `BadPayload`; NaN and Infinity are not JSON, and absurd nesting is refused."""
    try:
        return _decode(body)
    except (ValueError, RecursionError):
        return _parse_slowly(body)  # it knows half a surrogate pair, which vendors do send


_decode = msgspec.json.Decoder().decode


def _parse_slowly(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_not_json, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise BadPayload("the body is not JSON") from error


def _finite(number: str) -> float:
    value = float(number)
    if isinf(value):
        raise ValueError(f"{number} is beyond any number we can write back")
    return value


def _not_json(token: str) -> None:
    raise ValueError(f"{token} is not JSON")
