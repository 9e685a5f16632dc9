"""Whether what Patchbay is made of is there: Python, packages, and settings that Django comes up with."""

from __future__ import annotations

import linecache
import os
import re
import sys
import traceback
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from config.doctor.findings import WARNING, Examination, Finding, Theme
from config.doctor.variables import ROOT

REQUIREMENTS = ROOT / "requirements.txt"
PYPROJECT = ROOT / "pyproject.toml"
FIRST = ("python", "requirements", "values", "urls", "secret_files", "var")


def python() -> Iterator[Finding]:
    """Python is as new as `pyproject.toml` asks for."""
    asked = re.search(r'requires-python = ">=(\d+)\.(\d+)"', PYPROJECT.read_text(encoding="utf-8"))
    if asked and sys.version_info[:2] < (int(asked[1]), int(asked[2])):
        yield Finding(
            f"Python {sys.version_info[0]}.{sys.version_info[1]} is too old",
            f"pyproject.toml asks for {asked[1]}.{asked[2]} or newer",
            sys.executable,
            f"rm -rf .venv && make run PYTHON=python{asked[1]}.{asked[2]}",
        )


def requirements() -> Iterator[Finding]:
    """What `requirements.txt` names is installed, in that version."""
    missing, other = [], []
    for name, wanted, marked in _pinned():
        try:
            if version(name) != wanted:
                other.append(f"{name} {version(name)} (want {wanted})")
        except PackageNotFoundError:
            # What is pinned for some platforms only may be absent from this one.
            missing += [] if marked else [name]
    own = ROOT / ".venv" / "bin" / "python"
    elsewhere = own.exists() and sys.prefix == sys.base_prefix
    mend = f"{own} manage.py doctor" if elsewhere else f"{sys.executable} -m pip install -r requirements.txt"
    if missing:
        yield Finding("packages are not installed", _several(missing), "requirements.txt", mend)
    if other:
        yield Finding(
            "packages are out of step with requirements.txt", _several(other), "requirements.txt", mend, WARNING
        )


def _pinned() -> Iterator[tuple[str, str, bool]]:
    """Name, version, and whether it is for some platforms only."""
    for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines():
        if found := re.match(r"([\w.-]+)(?:\[[\w,-]+\])?==([^\s;\\]+)\s*(;)?", line):
            yield found[1], found[2], bool(found[3])


def _several(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def settings() -> Iterator[Finding]:
    """The settings can be imported, and Django comes up with them."""
    import django

    try:
        import_module(os.environ.get("DJANGO_SETTINGS_MODULE", "config.settings"))
        django.setup()
    except Exception as error:  # noqa: BLE001  whatever keeps Django down is what is to be told
        yield blame(error)


def blame(error: Exception) -> Finding:
    """What keeps Django down: the variable that was being read, else the line of ours that failed."""
    module = os.environ.get("DJANGO_SETTINGS_MODULE", "config.settings")
    what, cause = "Django does not come up", f"{type(error).__name__}: {error}"
    if isinstance(error, ModuleNotFoundError) and module.startswith(error.name or "?"):
        mend = "unset DJANGO_SETTINGS_MODULE (or set it to config.settings)"
        return Finding(f"there are no settings called {module}", cause, "DJANGO_SETTINGS_MODULE", mend)
    mine = [step for step in traceback.extract_tb(error.__traceback__) if _is_ours(step.filename)]
    for step in reversed(mine):
        if variable := re.search(r"""(?:env|Env\(\))\.\w+\(\s*"([A-Z_]+)\"""", _source(step)):
            name = variable[1]
            return Finding(f"{name} cannot be read", cause, name, f"correct {name}, or unset it for the default")
    if not mine:
        return Finding(what, cause, module, f"{sys.executable} -c 'import {module}'")
    path = Path(mine[-1].filename).relative_to(ROOT)
    return Finding(what, cause, f"{path}:{mine[-1].lineno}", f"sed -n {mine[-1].lineno}p {path}")


def _is_ours(filename: str) -> bool:
    path = Path(filename)
    own = Path(__file__).parent
    return path.is_relative_to(ROOT) and ".venv" not in path.parts and not path.is_relative_to(own)


def _source(step: traceback.FrameSummary) -> str:
    """The expression that failed, where Python knows its place in the line."""
    line = linecache.getline(step.filename, step.lineno or 0)
    return line[step.colno : step.end_colno] if step.colno is not None and step.lineno == step.end_lineno else line


THEME = Theme(
    "installation",
    (
        Examination("python", python),
        Examination("requirements", requirements),
        Examination("settings", settings, FIRST, seconds=7.0),
    ),
)
