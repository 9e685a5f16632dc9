"""The table of all examinations, and the same table as the documents have it."""

from __future__ import annotations

from collections.abc import Iterator

from config.doctor import address, broker, clock, environment, installation, product, retention, storage, vendors, work
from config.doctor.findings import Examination

THEMES = tuple(
    module.THEME
    for module in (environment, installation, storage, broker, vendors, address, product, clock, work, retention)
)
TABLE: dict[str, Examination] = {item.name: item for theme in THEMES for item in theme.examinations}


def waves(table: dict[str, Examination]) -> Iterator[list[Examination]]:
    """The examinations in order: each wave needs only earlier ones, and runs at once."""
    left = dict(table)
    done: set[str] = set()
    while left:
        ready = [item for item in left.values() if done.issuperset(item.needs)]
        if not ready:
            raise ValueError(f"these examinations need each other: {', '.join(left)}")
        yield ready
        done |= {item.name for item in ready}
        for item in ready:
            del left[item.name]


def document() -> str:
    """The table in Markdown, as `docs/doctor.md` has it."""
    lines = ["| theme | examination | what must be so | after |", "|---|---|---|---|"]
    for theme in THEMES:
        for item in theme.examinations:
            after = ", ".join(f"`{name}`" for name in item.needs)
            outside = " (asks vendors)" if item.asks_vendors else ""
            lines.append(f"| {theme.name} | `{item.name}`{outside} | {item.words} | {after} |")
    return "\n".join(lines) + "\n"


def summary() -> str:
    """The table in short, as the README has it."""
    rows = [f"| {theme.name} | {' '.join(f'`{item.name}`' for item in theme.examinations)} |" for theme in THEMES]
    return "\n".join(["| theme | examinations |", "|---|---|", *rows]) + "\n"


def needed(names: list[str]) -> dict[str, Examination]:
    """The examinations `names`, and those without which they make no sense."""
    found: dict[str, Examination] = {}
    for name in names:
        found |= {**needed(list(TABLE[name].needs)), name: TABLE[name]}
    return found
