"""Small parts of Stripe's objects: ids of its form, and the fields it sends though they are empty."""

import secrets
import string
from typing import Any

ALPHABET = string.ascii_letters + string.digits


def new(prefix: str, length: int = 24) -> str:
    return f"{prefix}_{''.join(secrets.choice(ALPHABET) for _ in range(length))}"


def nulls(names: str) -> dict[str, Any]:
    """The fields of these names, all null."""
    return dict.fromkeys(names.split())
