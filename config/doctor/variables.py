"""The environment as it was given: which variables there are, and what is wrong with a value before anybody uses it."""

from __future__ import annotations

import ast
import os
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent.parent
SETTINGS = ROOT / "config" / "settings.py"
SECRET = re.compile(r"(KEY|SECRET|TOKEN|PASSWORD|CREDENTIALS)$")
SHORTEST_SECRET = 4


@cache
def declared() -> dict[str, str]:
    """Each variable that the settings read, with its kind (`int`, `bool`, `str`, …), taken from their source."""
    calls = [node for node in ast.walk(ast.parse(SETTINGS.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    return {name: kind for call in calls if (kind := _kind(call)) and (name := _name(call))}


def _kind(call: ast.Call) -> str:
    if not isinstance(call.func, ast.Attribute):
        return ""
    owner = ast.unparse(call.func.value)
    return call.func.attr if owner in ("env", "environ.Env()") else ""


def _name(call: ast.Call) -> str:
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


@cache
def vendors() -> tuple[str, ...]:
    """The prefixes of the vendors' variables, such as `STRIPE`: the listing of `integrations/providers`."""
    listing = (ROOT / "integrations" / "providers").iterdir()
    return tuple(sorted(path.stem.upper() for path in listing if not path.name.startswith("_")))


def of_a_vendor(name: str) -> bool:
    """Whether `name` is some vendor's variable."""
    return name.startswith(tuple(f"{prefix}_" for prefix in vendors()))


def ours(name: str) -> bool:
    """Whether Patchbay reads the variable, or the file that it names."""
    plain = name.removesuffix("_FILE")
    return name in declared() or plain == "SECRET_KEY" or of_a_vendor(plain)


def given() -> dict[str, str]:
    """What is set of ours, by name."""
    return {name: value for name, value in sorted(os.environ.items()) if value and ours(name)}


def flaw(value: str) -> str:
    """What betrays that a value was copied badly: quotes or white space around it; empty when nothing does."""
    if value != value.strip():
        return "a line break" if value.rstrip("\r\n") != value or value.lstrip("\r\n") != value else "white space"
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return "quotes"
    return ""


def secrets() -> list[str]:
    """Every secret value in the environment, longest first: what must not be shown."""
    values: set[str] = set()
    for name, value in os.environ.items():
        if name.endswith("_URL"):
            values |= set(_passwords(value))
        elif SECRET.search(name):
            values |= {value.strip(), value.strip().strip("\"'")}
    return sorted((value for value in values if len(value) >= SHORTEST_SECRET), key=len, reverse=True)


def _passwords(url: str) -> list[str]:
    """The password in a URL, and its pieces: a parser that trips over one quotes only a piece."""
    found = re.search(r"://[^:@/]*:(.*)@", url, re.DOTALL)
    return [found[1], unquote(found[1]), *re.split(r"[/:@#?]", found[1])] if found else []


def veiled(text: str) -> str:
    """`text` without any secret of the environment."""
    for value in secrets():
        text = text.replace(value, "…")
    return text
