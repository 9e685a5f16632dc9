"""What a source's rule keeps out of a stored body, and nothing else of it: every other byte stays as it came."""

import json
import re
from collections.abc import Iterable
from urllib.parse import quote_plus, unquote_to_bytes

from webhooks.care.spans import Paths, below, spans

REDACTED = "[redacted]"
# What is stored, shown and exported in place of a body in which the paths cannot be looked for.
WITHHELD = b"[redacted: the whole body, which is neither JSON nor a form; and the source's rule has redactions]"
FORM = "application/x-www-form-urlencoded"
# A name, which may be said without its value; characters that a form spells out show that it is something else.
_FIELD = re.compile(rb"""[^=\s"<{]+(=[^\s"<{]*)?""")
_STEP = re.compile(r"[^.\[\]]+|\[\]")  # `[]` is some item of a list: its number is not told


class Unreadable(ValueError):
    """The paths mean nothing in this body, and whatever they are to keep out may stand anywhere in it."""


def redacted(body: bytes, paths: Iterable[str], content_type: str = "") -> bytes:
    """The body with whatever stands at the dotted `paths` replaced by "[redacted]".

    A step is a name, the number of a list's item, or `*` for every item of a list and every name of an object. The
    fields of a form are named as in JSON: `user[email]` and `user.email` are both `user.email`, and a path leads on
    into a field that holds JSON. Of a body that is neither, nothing is left: what must not be stored may be in it.
    """
    wanted: Paths = [tuple(path.split(".")) for path in paths]
    if not (wanted and body.strip()):
        return body
    try:
        return _json(body, wanted)
    except Unreadable:
        return _form(body, wanted) if content_type.partition(";")[0].strip().lower() == FORM else WITHHELD


def _json(body: bytes, paths: Paths) -> bytes:
    coding = json.detect_encoding(body)
    try:
        text = body.decode(coding)
        found = spans(text, paths)
    except ValueError as error:
        raise Unreadable from error
    kept, end = [], 0
    for start, stop in found:
        kept += [text[end:start], json.dumps(REDACTED)]
        end = stop
    return "".join([*kept, text[end:]]).encode(coding) if kept else body


def _form(body: bytes, paths: Paths) -> bytes:
    fields = body.strip().split(b"&")
    if not all(_FIELD.fullmatch(field) for field in fields if field):
        return WITHHELD
    return b"&".join(_field(field, paths) for field in fields)


def _field(field: bytes, paths: Paths) -> bytes:
    name, _, value = field.partition(b"=")
    for step in _STEP.findall(_plain(name).decode("utf-8", "replace")):
        if () not in paths:
            paths = [path[1:] for path in paths] if step == "[]" else below(paths, step)
    if not (paths and value):
        return field
    return name + b"=" + (quote_plus(REDACTED).encode() if () in paths else _inside(value, paths))


def _inside(value: bytes, paths: Paths) -> bytes:
    """A field's value that paths lead into; of one that is no JSON they cannot be told from the rest."""
    opened = _plain(value)
    try:
        closed = _json(opened, paths)
    except Unreadable:
        closed = REDACTED.encode()
    return value if closed == opened else quote_plus(closed).encode()


def _plain(text: bytes) -> bytes:
    return unquote_to_bytes(text.replace(b"+", b" "))
