"""Whether the variables say what was meant, and the files they name can be read, before anybody uses them."""

from __future__ import annotations

import difflib
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from config.doctor.findings import WARNING, Examination, Finding, Theme
from config.doctor.variables import ROOT, declared, flaw, given, ours

TRUE = ("true", "on", "ok", "y", "yes", "1")
FALSE = ("false", "off", "n", "no", "0")
CHOICES = {"LOG_LEVEL": ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")}
SCHEMES = {
    "DATABASE_URL": (("postgres", "postgresql", "psql", "pgsql", "sqlite"), "postgres://USER:PASSWORD@HOST:5432/NAME"),
    "REDIS_URL": (("redis", "rediss", "unix"), "redis://HOST:6379/0"),
    "BROKER_URL": (("amqp", "amqps", "pyamqp", "redis", "rediss", "memory"), "amqp://USER:PASSWORD@HOST:5672//"),
    "PATCHBAY_URL": (("http", "https"), "https://HOST"),
    "SANDBOX_URL": (("http", "https"), "http://127.0.0.1:8001"),
}
WITHOUT_HOST = ("sqlite", "unix", "memory")
MIB = 1 << 20


def copied() -> Iterator[Finding]:
    """No variable kept quotes, white space or a line break from where it was copied."""
    for name, value in given().items():
        if trouble := flaw(value):
            yield Finding(
                f"{name} has {trouble} around its value",
                "it was copied with more than itself: a .env file that keeps quotes, a secret with its last newline",
                name,
                f"set {name} again, without the {trouble.removeprefix('a ')}",
            )


def values() -> Iterator[Finding]:
    """Numbers, switches and choices among the variables can be read as such."""
    for name, value in given().items():
        kind = declared().get(name, "")
        if kind in ("int", "float") and not _is_number(value, kind):
            noun = "a whole number" if kind == "int" else "a number"
            yield Finding(
                f"{name} is not {noun}", f"it is {_shown(value)}", name, f"set {name} to {noun}, or unset {name}"
            )
        if name in CHOICES and value not in CHOICES[name]:
            mend = f"set {name} to one of {', '.join(CHOICES[name])}"
            yield Finding(f"{name} is none of its words", f"it is {_shown(value)}", name, mend)
        if kind == "bool" and value.lower() not in TRUE + FALSE:
            yield Finding(
                f"{name} is neither on nor off",
                f"{_shown(value)} is taken for off, whatever was meant",
                name,
                f"set {name}=1 or {name}=0",
                WARNING,
            )


def _is_number(value: str, kind: str) -> bool:
    try:
        int(value) if kind == "int" else float(value)
    except ValueError:
        return False
    return True


def _shown(value: str) -> str:
    # A secret may have been pasted anywhere.
    return repr(value if len(value) <= 12 else f"{value[:4]}…")


def urls() -> Iterator[Finding]:
    """Variables that are URLs are whole: a scheme we can use, a host, a port that is a number."""
    for name, (schemes, example) in SCHEMES.items():
        value = os.environ.get(name, "").strip("\"' \r\n")
        if trouble := value and value != "sqlite://:memory:" and _trouble_of(value, schemes):
            yield Finding(f"{name} is not a URL we can use", trouble, name, f"set {name}={example}")


def _trouble_of(url: str, schemes: tuple[str, ...]) -> str:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "its host or port cannot be read; a password with / : @ # or ? must be percent-encoded"
    if parts.scheme not in schemes or "://" not in url:
        return f"it must begin with {' or '.join(f'{scheme}://' for scheme in schemes[:3])}"
    if not parts.hostname and parts.scheme not in WITHOUT_HOST:
        # postgres:///name reaches the server by its local socket.
        return "" if parts.scheme.startswith("p") and parts.path.strip("/") else "it names no host"
    return ""


def misspelt() -> Iterator[Finding]:
    """No variable is set that nobody reads and that looks much like one of ours."""
    known = [name for name in (*declared(), "SECRET_KEY") if len(name) > 7]
    for name in sorted(os.environ):
        if ours(name) or name in ("PATCHBAY_ARTIFACTS", "PATCHBAY_REQUIRE_SERVICES"):
            continue
        if close := difflib.get_close_matches(name, known, 1, 0.88):
            yield Finding(
                f"{name} is set, and nobody reads it",
                f"it looks like {close[0]}",
                name,
                f"rename {name} to {close[0]}, or unset {name}",
                WARNING,
            )


def secret_files() -> Iterator[Finding]:
    """Every `…_FILE` names a file that is there, can be read, holds something, and is for our eyes alone."""
    for name, value in given().items():
        if name.endswith("_FILE") and name not in declared():
            yield from _file(name, Path(value))


def _file(name: str, path: Path) -> Iterator[Finding]:
    try:
        text, mode = path.read_text(encoding="utf-8"), path.stat().st_mode
    except FileNotFoundError:
        mend = f"set {name} to the file that holds the secret: ls -l {path.parent}"
        yield Finding(f"{name} names a file that is not there", f"{path} does not exist", name, mend)
        return
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        yield Finding(f"{name} names a file that cannot be read", f"{path}: {reason}", name, f"ls -ld {path}; id")
        return
    if not text.strip():
        yield Finding(f"{name} names an empty file", f"{path} has no content", name, f"write the secret into {path}")
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        words = "everybody on this machine may read or write it"
        yield Finding(f"{name}: the secret lies open", f"{path}: {words}", str(path), f"chmod 600 {path}", WARNING)
    if os.environ.get(name.removesuffix("_FILE")):
        plain = name.removesuffix("_FILE")
        yield Finding(f"{name} is not used", f"{plain} is set as well, and goes first", name, f"unset {plain}", WARNING)


def var() -> Iterator[Finding]:
    """`PATCHBAY_VAR` can be written, and its disk is not nearly full."""
    folder = Path(os.environ.get("PATCHBAY_VAR", "") or ROOT / "var")
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        cause = f"{nearest} is not a folder" if not nearest.is_dir() else f"{nearest} is not ours to write"
        mend = f"set PATCHBAY_VAR to a folder of ours, or: sudo chown {os.getuid()} {nearest}"
        yield Finding(f"{folder} cannot be written", cause, "PATCHBAY_VAR", mend)
        return
    disk = shutil.disk_usage(nearest)
    if disk.free < min(512 * MIB, disk.total // 20):
        cause = f"{disk.free // MIB} MiB of {disk.total // MIB} MiB are free"
        yield Finding(f"the disk of {folder} is nearly full", cause, "PATCHBAY_VAR", f"df -h {nearest}", WARNING)


THEME = Theme(
    "environment",
    (
        Examination("copied", copied),
        Examination("values", values),
        Examination("urls", urls),
        Examination("misspelt", misspelt),
        Examination("secret_files", secret_files),
        Examination("var", var),
    ),
)
