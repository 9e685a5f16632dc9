"""A delivery as people are shown it: masked unless they ask for more, and as a command that says it again."""

import json
import shlex
from collections.abc import Mapping

from integrations.masking import masked
from webhooks.inbox.contents import Content
from webhooks.models import Delivery

LONGEST = 1 << 20
GONE = "It is no longer kept."
# What only the first sender's connection or signature could vouch for.
NOT_REPEATED = frozenset({"host", "content-length", "connection", "accept-encoding", "transfer-encoding"})


def readable(content: Content | None, *, whole: bool = False) -> str:
    """The body as text: JSON indented, anything else as it came, bytes that are no text as escapes.

    Keys, tokens, cards and addresses are masked unless `whole`.
    """
    if content is None:
        return GONE
    text = _text(content.body)
    return text if whole else masked(text, LONGEST)


def headers(content: Content | None, *, whole: bool = False) -> Mapping[str, str]:
    """The headers that are kept, by name; their values masked unless `whole`."""
    if content is None:
        return {}
    return {name: value if whole else _masked_value(name, value) for name, value in sorted(content.headers.items())}


def curl(content: Content | None, url: str, *, whole: bool = False) -> str:
    """A shell command that sends the same to `url` again; its signature is the old one, which grows stale."""
    if content is None:
        return ""
    body = content.body.decode("utf-8", "backslashreplace")
    parts = ["curl", "-sS", "-X", "POST", shlex.quote(url)]
    for name, value in headers(content, whole=whole).items():
        if name not in NOT_REPEATED:
            parts += ["-H", shlex.quote(f"{name}: {value}")]
    parts += ["--data-binary", shlex.quote(body if whole else masked(body, LONGEST))]
    return " ".join(parts)


def trigger(delivery: Delivery) -> str:
    """The command that says it again, signed anew. Its type is the sender's word: a shell must not carry it out."""
    return shlex.join(["python", "manage.py", "trigger", delivery.source, delivery.kind, "--from", str(delivery.pk)])


def _masked_value(name: str, value: str) -> str:
    # Together: it is its name that says of a value that it is a secret.
    return masked(f"{name}: {value}")[len(name) + 2 :]


def _text(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "backslashreplace")
