"""Looking for words in a body, as a person reads it: whatever their case, and however JSON spells them."""

import json


def contains(body: bytes, text: str) -> bool:
    """Whether the text stands in the body, as it is or as JSON escapes it."""
    haystack = body.decode("utf-8", "replace").casefold()
    return any(spelling in haystack for spelling in spellings(text))


def spellings(text: str) -> set[str]:
    """The text as it may stand in a body: plain, escaped by JSON, and escaped to ASCII."""
    plain = json.dumps(text, ensure_ascii=False)[1:-1]
    ascii_only = json.dumps(text)[1:-1]
    return {text.casefold(), plain.casefold(), ascii_only.casefold(), plain.replace("/", r"\/").casefold()}
