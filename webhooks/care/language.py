"""The search box's language: `source:acme type:charge.* state:dead since:-2h text:"card declined"`.

A filter is `name:value`; several values are separated by commas, `-` before a filter turns it round, and a value with
a space stands in quotes. A word alone is an id, an object or a request, or else a part of one of those or of a type.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from webhooks.models import Delivery
from webhooks.moments import moment_or_ago

LONGEST = 1000
MOST_TERMS = 20
NAMES = {
    "source": "source", "type": "type", "kind": "type", "state": "state", "id": "id", "object": "object",
    "request": "request", "since": "since", "until": "until", "text": "text", "body": "text",
}  # fmt: skip
REVERSIBLE = ("source", "type", "state")
_TOKEN = re.compile(
    r'\s*(?P<sign>-?)(?:(?P<name>[A-Za-z_]+):)?(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s"]+))(?=\s|$)'
)


class Unreadable(ValueError):
    """The search says something we do not understand; the message is for whoever wrote it."""


@dataclass(frozen=True)
class Term:
    """One filter: any of the values will do, or with `negated` none."""

    name: str
    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True)
class Query:
    """A search as it was written, and what it says. Times are UTC; `text` is what the body is to contain."""

    written: str = ""
    terms: tuple[Term, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    text: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.terms or self.since or self.until or self.text)

    def values(self, name: str) -> tuple[str, ...]:
        """Every value that is asked for under this name."""
        return tuple(value for term in self.terms if term.name == name and not term.negated for value in term.values)


def parse(written: str, now: datetime) -> Query:
    """What the search says at `now`, to which times such as `-2h` refer. `Unreadable` with words that help."""
    written = " ".join(written.split()) if '"' not in written else written.strip()
    if len(written) > LONGEST:
        raise Unreadable(f"A search may have {LONGEST} characters.")
    if "\x00" in written:
        raise Unreadable("No delivery holds the character NUL.")
    terms = [_term(*found) for found in _tokens(written)]
    if len(terms) > MOST_TERMS:
        raise Unreadable(f"A search may have {MOST_TERMS} filters.")
    return Query(
        written,
        tuple(term for term in terms if term.name not in ("since", "until", "text")),
        _moment(terms, "since", now),
        _moment(terms, "until", now),
        tuple(value for term in terms if term.name == "text" for value in term.values),
    )


def _tokens(written: str) -> list[tuple[str, str, str, bool]]:
    found, at = [], 0
    while at < len(written):
        match = _TOKEN.match(written, at)
        if match is None:
            raise Unreadable(f"This cannot be read: {written[at:].strip()[:60]} . Is a quote missing, or a value?")
        quoted = match["quoted"] is not None
        value = re.sub(r"\\(.)", r"\1", match["quoted"]) if quoted else match["plain"]
        found.append((match["sign"], match["name"] or "", value, quoted))
        at = match.end()
    return found


def _term(sign: str, given: str, value: str, quoted: bool) -> Term:
    if given and given.lower() not in NAMES:
        known = ", ".join(dict.fromkeys(NAMES.values()))
        raise Unreadable(f'There is no filter {given}: there are {known}. In quotes it is a word: "{given}:{value}"')
    name = NAMES[given.lower()] if given else "word"
    if value.endswith(":") and not given and not quoted:
        raise Unreadable(f"{value} needs a value.")
    split = not quoted and name in ("source", "type", "state", "id", "object", "request")
    values = tuple(filter(None, value.split(","))) if split else (value,)
    if not any(values):
        raise Unreadable(f"{given or 'A word'} needs a value.")
    if sign and name not in REVERSIBLE:
        raise Unreadable(f"Only {', '.join(REVERSIBLE)} can be turned round with a minus.")
    if name == "state" and (strange := [value for value in values if value not in Delivery.State.values]):
        raise Unreadable(f"There is no state {strange[0]}: there are {', '.join(Delivery.State.values)}.")
    return Term(name, values, bool(sign))


def _moment(terms: list[Term], name: str, now: datetime) -> datetime | None:
    given = [term.values[0] for term in terms if term.name == name]
    if len(given) > 1:
        raise Unreadable(f"{name} is given twice.")
    if not given:
        return None
    moment = moment_or_ago(given[0], now)
    if moment is None:
        raise Unreadable(f"{name}:{given[0]} is not a time such as 2026-11-23, 2026-11-23T12:00Z or -2h.")
    return moment


def written(name: str, value: str) -> str:
    """One filter as it is to be written, for a search that is put together from fields."""
    plain = re.fullmatch(r"[^\s\",\\]+", value)
    escaped = value.replace("\\", r"\\").replace('"', r"\"")
    return f"{name}:{value if plain else f'{chr(34)}{escaped}{chr(34)}'}"


def without(search: str, name: str) -> str:
    """The search less its filters of this name; one that cannot be read stays as it is."""
    try:
        tokens = _tokens(search)
    except Unreadable:
        return search
    kept = [token for token in tokens if NAMES.get(token[1].lower()) != name]
    return " ".join(sign + _spelled(given, value, quoted) for sign, given, value, quoted in kept)


def _spelled(given: str, value: str, quoted: bool) -> str:
    if quoted:
        value = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{given}:{value}" if given else value


def joined(words: Iterable[str]) -> str:
    """The words of a command line as one search: a shell has taken the quotes off those with spaces in them."""
    return " ".join(_requoted(word) for word in words)


def _requoted(word: str) -> str:
    if not re.search(r"\s", word) or '"' in word:
        return word
    name, colon, value = word.partition(":")
    return written(name, value) if colon and re.fullmatch(r"-?[A-Za-z_]+", name) else word
