"""What the round found, for people and for programs."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict

from config.doctor.findings import ERROR, Finding
from config.doctor.round import Diagnosis

COLOURS = {"error": "\033[31m", "warning": "\033[33m"}
PLAIN = "\033[0m"
WIDEST = 30


def as_json(diagnosis: Diagnosis) -> str:
    """One object: `findings`, `skipped`, `examined`, `seconds`, `exit_code`."""
    told = {
        "findings": [{"examination": name, **asdict(finding)} for name, finding in diagnosis.findings],
        "skipped": [{"examination": name, "reason": reason} for name, reason in diagnosis.skipped.items()],
        "examined": diagnosis.examined,
        "seconds": diagnosis.seconds,
        "exit_code": diagnosis.exit_code,
    }
    return json.dumps(told, indent=2, ensure_ascii=False)


def as_text(diagnosis: Diagnosis, *, colour: bool = False) -> str:
    """Two lines a finding, errors first; then what was skipped, and the count."""
    findings = sorted((finding for _, finding in diagnosis.findings), key=lambda finding: finding.severity != ERROR)
    width = min(WIDEST, max((len(finding.where) for finding in findings), default=0))
    lines = [line for finding in findings for line in _lines(finding, width, colour)]
    return "\n".join([*lines, *_skipped(diagnosis.skipped), _count(diagnosis)])


def _lines(finding: Finding, width: int, colour: bool) -> Iterator[str]:
    severity = f"{finding.severity:8}"
    if colour:
        severity = f"{COLOURS[finding.severity]}{severity}{PLAIN}"
    yield f"{severity} {finding.where:{width}}  {finding.what}: {finding.cause}"
    yield f"{'':8} {'':{width}}  → {finding.mend}"


def _skipped(skipped: dict[str, str]) -> Iterator[str]:
    by_reason: dict[str, list[str]] = defaultdict(list)
    for name, reason in skipped.items():
        by_reason[reason].append(name)
    for reason, names in by_reason.items():
        yield f"skipped  {len(names)}, for {reason}: {', '.join(names)}"


def _count(diagnosis: Diagnosis) -> str:
    count = len(diagnosis.findings)
    errors = sum(finding.severity == ERROR for _, finding in diagnosis.findings)
    kinds = f" ({_number(errors, 'error')}, {_number(count - errors, 'warning')})" if count else ""
    skipped = f", {len(diagnosis.skipped)} skipped" if diagnosis.skipped else ""
    examined = _number(len(diagnosis.examined), "examination")
    return f"{examined}, {_number(count, 'finding')}{kinds}{skipped}, {diagnosis.seconds} s"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
