"""Secrets come from the environment, or from the file that the environment names (`NAME` or `NAME_FILE`)."""

import os
from pathlib import Path


def secret(name: str, default: str = "") -> str:
    """The value of `NAME`, else the stripped content of the file `NAME_FILE`, else `default`."""
    if value := os.environ.get(name, ""):
        return value
    if path := os.environ.get(f"{name}_FILE", ""):
        return Path(path).read_text(encoding="utf-8").strip()
    return default


def mask(value: str) -> str:
    """Enough of a secret to tell two apart, never enough to use it."""
    return f"{value[:4]}…" if len(value) > 12 else "…"
