"""A name for what is asked, the same for every customer: ids in a path become `{id}`, so that it can be counted."""

import re
from urllib.parse import urlsplit

ID = re.compile(r"[a-z]{2,8}_(test_|live_)?[A-Za-z0-9]{4,}|[0-9a-fA-F-]{8,}|[0-9]+|[A-Z0-9]{8,}|.{33,}")


def operation_of(method: str, url: str) -> str:
    """`GET /v1/checkout/sessions/{id}` for a request to that session."""
    steps = ("{id}" if ID.fullmatch(step) else step for step in urlsplit(url).path.split("/"))
    return f"{method} {'/'.join(steps)}"
