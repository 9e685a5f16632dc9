"""Secrets taken out of text that is logged or kept: our credentials, whatever looks like a key, cards, addresses.

Every pattern is linear in the text it reads: a repetition is bounded, possessive, or ends the pattern.
"""

import time
from collections.abc import Callable, Iterator, MutableMapping
from re import ASCII, IGNORECASE, Match
from re import compile as pattern
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from integrations.credentials import mask

LONGEST = 4000  # characters that are looked at, unless more are to be kept; the rest is cut off first
LONGEST_TRACEBACK = 16_000
SHORTEST_SECRET = 8
SHORTEST_CARD = 13
KNOWN_FOR = 30.0  # seconds until the environment is read again: a rotated file counts at once, near enough
GONE = "[masked]"


def masked(text: str | bytes, most: int = LONGEST) -> str:
    """The text without its secrets, printable, at most `most` characters. Takes any bytes and never fails."""
    clean = printable(_shortened(text, max(most, LONGEST)))
    for secret in _known():
        if secret in clean:
            clean = clean.replace(secret, mask(secret))
    for sign, look in _LOOKS:
        if sign in clean:
            clean = look(clean)
    if len(clean) >= SHORTEST_CARD:
        clean = _without_cards(clean)
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def masked_traceback(text: str) -> str:
    """The end of a traceback, which says what happened, without its secrets."""
    return masked(_end(text), LONGEST_TRACEBACK)


def printable(text: str) -> str:
    """The text with what no database or terminal takes replaced."""
    return text if text.isprintable() else text.translate(_UNPRINTABLE)


# Half a surrogate pair and NUL are no text to a database.
_UNPRINTABLE = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127), " ") | dict.fromkeys(range(0xD800, 0xE000), "�")


def _shortened(text: str | bytes, most: int) -> str:
    """The first `most` characters, without a last word that the cut would leave half: half a secret is one too."""
    known = text[: most * 4].decode("utf-8", "replace") if isinstance(text, bytes) else text
    if len(known) <= most:
        return known
    kept = known[:most]
    words = kept.rsplit(None, 1)
    return words[0] if len(words) == 2 and len(words[1]) < LONGEST // 4 else kept[: -LONGEST // 4]


# What we know to be secret

_cache: dict[str, Any] = {"until": 0.0, "secrets": ()}


def _known() -> tuple[str, ...]:
    if time.monotonic() >= _cache["until"]:
        _cache.update(until=time.monotonic() + KNOWN_FOR)
        _cache.update(secrets=tuple(sorted(set(_secrets()), key=len, reverse=True)))
    return _cache["secrets"]


def forget() -> None:
    """Read the credentials anew with the next text."""
    _cache.update(until=0.0)


def _secrets() -> Iterator[str]:
    from integrations.registry import all_providers  # providers are read long after this module

    values = [value for provider in all_providers().values() for value in provider.values().values()]
    values += [settings.SECRET_KEY, settings.METRICS_TOKEN, settings.DATABASES["default"].get("PASSWORD") or ""]
    values += [urlsplit(url).password or "" for url in (settings.REDIS_URL, settings.BROKER_URL)]
    for value in values:
        parts = [value, *value.split(","), *value.splitlines()]
        yield from (part.strip() for part in parts if len(part.strip()) >= SHORTEST_SECRET)


# What looks like a secret

_NAMED = pattern(
    r"((?:authori[sz]ation|cookie|passw(?:or)?d|secret|token|(?:api|private)[-_ ]?key|credential|signature)"
    r"""[\w-]{0,20}['"]?\s{0,3}[:=]\s{0,3}['"]?(?:(?:bearer|basic|token)\s{1,3})?)([^\s'",;&<>{}\[\]]{4,})""",
    ASCII | IGNORECASE,
)
_SCHEME = pattern(r"\b((?:bearer|basic|digest)\s{1,3})([\w.~+/=-]{8,})", ASCII | IGNORECASE)
_KEYS = pattern(
    r"(?:[spr]k_(?:live|test)_|whsec_|sk-|gh[pousr]_|github_pat_|xox[abeprs]-|rzp_(?:live|test)_|ya29\.|AIza|AKIA|ASIA)"
    r"[\w+/=-]{6,}",
    ASCII,
)
_SENDGRID = pattern(r"SG\.[\w-]{6,}+(?:\.[\w-]{6,})?", ASCII)
_JWT = pattern(r"(?<![\w-])ey[JKH][\w-]{5,}+\.[\w-]{2,}+(?:\.[\w-]*)?", ASCII)
_PEM = pattern(r"-----BEGIN [A-Z ]{0,30}-----(?:[^-]|-(?!----END))*+(?:-----END [A-Z ]{0,30}-----)?", ASCII)
_USERINFO = pattern(r"(://[^\s/@:]{0,100}:)([^\s/@]{1,200})(?=@)", ASCII)
# What follows in the address of a page proves who may see it: a key to a new password, a proof of an address.
_IN_PATH = pattern(r"(/(?:reset/key|confirm-email)/)([^\s/?#]{4,})", ASCII)
_EMAIL = pattern(r"(?<![\w.+%-])([\w.+%-])[\w.+%-]*+(@[\w-]++(?:\.[\w-]++)++)")
_CARD = pattern(
    r"(?<!\d)(?:\d{13,19}|\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{1,7}|\d{4}[ -]\d{6}[ -]\d{4,5})(?!\d)",
    ASCII,
)


def _keep_name(found: Match[str]) -> str:
    return found[0] if found[2].startswith("[masked") else found[1] + GONE


def _keep_start(found: Match[str]) -> str:
    return mask(found[0])


def _without_cards(text: str) -> str:
    kept, done, at = [], 0, 0
    while found := _CARD.search(text, at):
        digits = found[0].replace(" ", "").replace("-", "")
        at = found.start() + 1
        if _is_card(digits):
            kept += [text[done : found.start()], f"[card …{digits[-4:]}]"]
            done = at = found.end()
    return "".join([*kept, text[done:]])


def _is_card(digits: str) -> bool:
    if digits[0] not in "23456":
        return False
    doubled = (sum(divmod(int(digit) * 2, 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def _by(expression: Any, replacement: str | Callable[[Match[str]], str]) -> Callable[[str], str]:
    return lambda text: expression.sub(replacement, text)


# Each with what must be in a text for it to be worth reading.
_PREFIXES = ("k_live_", "k_test_", "rzp_", "whsec_", "sk-", "gh", "xox", "ya29.", "AIza", "AKIA", "ASIA")
_LOOKS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("-----BEGIN", _by(_PEM, GONE)),
    ("ey", _by(_JWT, _keep_start)),
    ("SG.", _by(_SENDGRID, _keep_start)),
    *((prefix, _by(_KEYS, _keep_start)) for prefix in _PREFIXES),
    ("=", _by(_NAMED, _keep_name)),
    (":", _by(_NAMED, _keep_name)),
    (" ", _by(_SCHEME, _keep_name)),
    ("/", _by(_IN_PATH, _keep_name)),
    ("://", _by(_USERINFO, rf"\1{GONE}")),
    ("@", _by(_EMAIL, r"\1…\2")),
)


# In every log line

# Written by us, from our own words: there is nothing in them to look for.
OURS = frozenset(
    {"event", "level", "logger", "timestamp", "request_id", "vendor", "operation", "outcome", "code", "method", "name"}
    | {"state", "source", "kind", "id", "check", "task", "sink"}
    | {"_record", "_from_structlog"}  # structlog's own, taken out before a line is written
)


PLAIN = frozenset({int, float, bool, type(None)})


def mask_line(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog's processor: the words that others have put into a line lose their secrets.

    What is neither text nor a number becomes text, as Python shows it. The end of a long traceback says what happened.
    """
    for name, value in event.items():
        if name in OURS or type(value) in PLAIN:
            continue
        text = value if isinstance(value, str) else repr(value)
        if name == "exception":
            event[name] = masked_traceback(text)
        elif len(text) >= SHORTEST_SECRET or text is not value:
            event[name] = masked(text)
    return event


def mask_words(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog's processor for lines of other libraries: their `event` is a whole sentence, with values in it."""
    event["event"] = masked(str(event["event"]))
    return event


def _end(traceback: str) -> str:
    """The last `LONGEST_TRACEBACK` characters, from the beginning of a line: half a secret could not be told."""
    if len(traceback) <= LONGEST_TRACEBACK:
        return traceback
    return traceback[-LONGEST_TRACEBACK:].partition("\n")[2] or traceback
