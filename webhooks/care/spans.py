"""Where in a JSON text the values stand that paths lead to; a step is a name, the number of an item, or `*`."""

import re
from collections.abc import Callable, Generator, Iterator
from json import JSONDecoder
from json.decoder import scanstring  # type: ignore[attr-defined]  # the stubs leave it out

ANY = "*"
# Those that still have steps to go below a value; one that has none left is the value itself.
Paths = list[tuple[str, ...]]
# Gives the beginning and end of what is to be replaced, and returns where the value ended.
Walk = Generator[tuple[int, int], None, int]

_scan = JSONDecoder(strict=False).raw_decode
_space = re.compile(r"[ \t\n\r]*").match


def spans(text: str, paths: Paths) -> list[tuple[int, int]]:
    """The places of what stands at the paths in a JSON text, in its order; `ValueError` for a text that is not JSON."""
    try:
        return list(_whole(text, paths))
    except (IndexError, RecursionError) as error:
        raise ValueError("it ends too early, or is nested too deeply") from error


def _whole(text: str, paths: Paths) -> Iterator[tuple[int, int]]:
    end = yield from _value(text, _skip(text, 0), paths)
    if _skip(text, end) < len(text):
        raise ValueError("something follows the value")


def _value(text: str, at: int, paths: Paths) -> Walk:
    if paths and () not in paths and text[at] in _CONTAINERS:
        return (yield from _CONTAINERS[text[at]](text, at, paths))
    _, end = _scan(text, at)
    if () in paths:
        yield at, end
    return end


def _object(text: str, at: int, paths: Paths) -> Walk:
    at = _skip(text, at + 1)
    while text[at] != "}":
        name, at = scanstring(text, _past(text, at, '"'), False)
        at = _skip(text, _past(text, _skip(text, at), ":"))
        at = yield from _value(text, at, below(paths, name))
        at = _next(text, at)
    return at + 1


def _list(text: str, at: int, paths: Paths) -> Walk:
    at, number = _skip(text, at + 1), 0
    while text[at] != "]":
        at = yield from _value(text, at, below(paths, str(number)))
        at, number = _next(text, at), number + 1
    return at + 1


_CONTAINERS: dict[str, Callable[[str, int, Paths], Walk]] = {"{": _object, "[": _list}


def below(paths: Paths, step: str) -> Paths:
    return [path[1:] for path in paths if path[0] in (step, ANY)]


def _next(text: str, at: int) -> int:
    """Where the next name or item begins, or the end of what holds it."""
    at = _skip(text, at)
    return _skip(text, at + 1) if text[at] == "," else at


def _past(text: str, at: int, sign: str) -> int:
    if text[at] != sign:
        raise ValueError(f"{sign} is missing")
    return at + 1


def _skip(text: str, at: int) -> int:
    space = _space(text, at)
    assert space
    return space.end()
