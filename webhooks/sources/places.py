"""Where in a request its id, its type and the key of its object stand: of a list of places the first that has it."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

HASH = "body-hash"
HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
LONGEST = 200
WORDS = "Say header:<name>, body:<dotted path>, body-hash, or text:<the same for all>."


@dataclass(frozen=True)
class Place:
    """One place. `sort` is header, body, body-hash or text; `name` the header, the path or the text."""

    sort: str
    name: str

    @classmethod
    def parse(cls, text: str) -> "Place":
        """`header:X-Event-Id`, `body:data.items.0.id`, `body-hash`, `text:event`; else `ValueError` with words."""
        sort, _, name = text.partition(":")
        good = len(text) <= LONGEST and (
            text == HASH
            or (sort == "header" and HEADER_NAME.fullmatch(name))
            or (sort == "body" and all(name.split(".")))
            or (sort == "text" and name.strip() and name.isprintable())
        )
        if not good:
            raise ValueError(WORDS)
        return cls(sort, name)

    def look(self, headers: Mapping[str, str], body: bytes, data: Any) -> str:
        """What stands there, as text; empty when nothing does. `data` is the body as JSON, or None."""
        if self.sort == "header":
            return headers.get(self.name.lower(), "")
        if self.sort == "body":
            return _text(_at(data, self.name.split(".")))
        return hashlib.sha256(body).hexdigest() if self.sort == HASH else self.name


def places(texts: Iterable[str]) -> tuple[Place, ...]:
    """The places that these texts name; `ValueError` for the first that names none."""
    return tuple(map(Place.parse, texts))


def first(wanted: Sequence[Place], headers: Mapping[str, str], body: bytes, data: Any) -> str:
    """What stands in the first of the places that has anything; else empty."""
    return next(filter(None, (place.look(headers, body, data) for place in wanted)), "")


def put(wanted: Sequence[Place], value: str, headers: dict[str, str], data: Any) -> None:
    """Write `value` where `first` will look for it: a header, or a path into a JSON object."""
    place = next((one for one in wanted if one.sort in ("header", "body")), None)
    if place is None:
        return
    if place.sort == "header":
        headers[place.name] = value
        return
    *way, last = place.name.split(".")
    for step in way:
        data = data.setdefault(step, {}) if isinstance(data, dict) else None
    if isinstance(data, dict):
        data[last] = value


def _at(data: Any, path: Sequence[str]) -> Any:
    for step in path:
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, list) and step.isascii() and step.isdigit() and len(step) < 6 and int(step) < len(data):
            data = data[int(step)]
        else:
            return None
    return data


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value)
