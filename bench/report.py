"""What a benchmark found: lines for people, JSON for programs, and the machine it was found on."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
HEADINGS = ("benchmark", "measured", "yardstick", "ratio", "expected", "")


@dataclass(frozen=True)
class Line:
    """One figure beside its yardstick, both in `unit`; `met` says whether it is as `expected`."""

    what: str
    measured: float
    yardstick: float
    unit: str
    expected: str = ""
    met: bool = True

    @property
    def ratio(self) -> float:
        return self.measured / self.yardstick if self.yardstick else float("inf")

    def cells(self) -> tuple[str, ...]:
        verdict = ("met" if self.met else "MISSED") if self.expected else ""
        figures = (f"{_shown(self.measured)} {self.unit}", f"{_shown(self.yardstick)} {self.unit}")
        return (self.what, *figures, f"{_shown(self.ratio)}×", self.expected, verdict)


def _shown(value: float) -> str:
    """Three digits that count, or all before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


@dataclass(frozen=True)
class Result:
    """What one benchmark found; `details` is whatever JSON can carry."""

    name: str
    lines: Sequence[Line]
    details: Any


def percentile(values: Sequence[float], percent: int) -> float:
    """The nearest-rank percentile, in milliseconds, of durations in seconds; 0 of none."""
    ranked = sorted(values)
    return round(ranked[(len(ranked) - 1) * percent // 100] * 1000, 2) if ranked else 0.0


def machine() -> dict[str, str]:
    """What the figures depend on."""
    packages = {name: version(name) for name in ("django", "uvicorn", "uvloop", "a2wsgi", "psycopg")}
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    return {"cores": str(os.cpu_count()), "load average": load, "python": platform.python_version(), **packages}


def table(lines: Sequence[Line]) -> str:
    """The lines as a table of aligned columns."""
    rows = [HEADINGS, *(line.cells() for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def write(result: Result) -> Path:
    """Write `results/<name>.json`, and say where that is."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{result.name}.json"
    document = {
        "at": datetime.now(UTC).isoformat(),
        "machine": machine(),
        "lines": [{**asdict(line), "ratio": round(line.ratio, 2)} for line in result.lines],
        "details": result.details,
    }
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
