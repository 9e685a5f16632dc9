"""The key that signs sessions: given by the environment, else made once and kept beside the database."""

import contextlib
import os
import secrets
from pathlib import Path

from integrations.credentials import secret


def secret_key(var: Path) -> str:
    """`SECRET_KEY` or `SECRET_KEY_FILE`; without either, a key of our own in `var/secret_key`, readable by us alone."""
    if given := secret("SECRET_KEY"):
        return given
    path = var / "secret_key"
    var.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        # Written aside and linked: two processes that start together agree on one key.
        fresh = var / f"secret_key.{os.getpid()}"
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(secrets.token_urlsafe(64))
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
        fresh.unlink()
    return path.read_text(encoding="utf-8")
