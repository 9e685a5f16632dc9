"""The doctor's round: every examination at its turn, those that need nothing of each other at once, in ten seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from config.doctor.findings import ERROR, Examination, Finding
from config.doctor.race import within
from config.doctor.table import waves
from config.doctor.variables import veiled

# Of the ten seconds a round may take, what is left for Python's own start and the report.
SECONDS = 8.0


@dataclass
class Diagnosis:
    """What a round found, by examination, and which examinations made no sense and why."""

    examined: list[str] = field(default_factory=list)
    findings: list[tuple[str, Finding]] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    stuck: dict[str, Exception] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        """0: well; 1: something is wrong; 2: there are warnings only."""
        severities = {finding.severity for _, finding in self.findings}
        return 1 if ERROR in severities else 2 if severities else 0


def go_round(table: dict[str, Examination], *, offline: bool = False, seconds: float = SECONDS) -> Diagnosis:
    """Examine everything in `table`; what has no answer in time is itself a finding."""
    started, diagnosis = time.monotonic(), Diagnosis()
    for wave in waves(table):
        left = started + seconds - time.monotonic()
        reasons = {item.name: _reason(item, diagnosis, offline, left) for item in wave}
        diagnosis.skipped |= {name: reason for name, reason in reasons.items() if reason}
        ready = [item for item in wave if not reasons[item.name]]
        patience = min(left, max((item.seconds for item in ready), default=0))
        _note(diagnosis, within(patience, {item.name: _look(item) for item in ready}))
    diagnosis.seconds = round(time.monotonic() - started, 1)
    return diagnosis


def _note(diagnosis: Diagnosis, outcomes: dict[str, list[Finding] | Exception]) -> None:
    for name, outcome in outcomes.items():
        diagnosis.examined.append(name)
        if isinstance(outcome, Exception):
            diagnosis.stuck[name] = outcome
        found = [_stuck(name, outcome)] if isinstance(outcome, Exception) else outcome
        diagnosis.findings += [(name, _veil(finding)) for finding in found]


def _reason(item: Examination, diagnosis: Diagnosis, offline: bool, left: float) -> str:
    """Why an examination makes no sense now; empty when it does."""
    failed = [name for name, finding in diagnosis.findings if finding.severity == ERROR]
    for name in item.needs:
        if name in failed:
            return f"{name} is in error"
        if name in diagnosis.skipped:
            return diagnosis.skipped[name]
    if item.asks_vendors and offline:
        return "--offline"
    return "" if left > 0 else "no time was left"


def _look(item: Examination) -> Callable[[], list[Finding]]:
    def look() -> list[Finding]:
        try:
            return list(item.look())
        finally:
            _leave()

    return look


def _leave() -> None:
    """Each thread has database connections of its own, and ends here."""
    if "django.db" in sys.modules and sys.modules["django.conf"].settings.configured:
        sys.modules["django.db"].connections.close_all()


def _stuck(name: str, error: Exception) -> Finding:
    cause = f"{type(error).__name__}: {error}"
    mend = f"{sys.executable} manage.py doctor --only {name} --traceback"
    return Finding(f"the examination {name} came to no end", cause, name, mend)


def _veil(finding: Finding) -> Finding:
    return Finding(veiled(finding.what), veiled(finding.cause), finding.where, finding.mend, finding.severity)
