"""The activity feed's query language, as much of it as is asked: `(unique_args['mail']="…") AND to_email="…"`.

https://www.twilio.com/docs/sendgrid/for-developers/sending-email/getting-started-email-activity-api
"""

import json
import re
from collections.abc import Callable
from typing import Any

from integrations.sandbox.sendgrid.errors import SendGridError
from integrations.sandbox.sendgrid.post import activity

Json = dict[str, Any]
TERM = re.compile(
    r"""\s*\(?\s*(?:unique_args\['(?P<argument>[^']+)'\]|(?P<field>\w+))\s*=\s*(?P<value>"(?:[^"\\]|\\.)*")\s*\)?\s*"""
)
FIELDS = ("msg_id", "from_email", "to_email", "subject", "status")


def matcher(query: str) -> Callable[[Json], bool]:
    """Whether a mail is one the query asks for; `SendGridError` for a query that cannot be read."""
    tests = [_test(term) for term in re.split(r"\bAND\b(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", query)] if query else []
    return lambda mail: all(test(mail) for test in tests)


def _test(term: str) -> Callable[[Json], bool]:
    found = TERM.fullmatch(term)
    if found is None or (found["field"] and found["field"] not in FIELDS):
        raise SendGridError(400, f"invalid query: the sandbox cannot read {term.strip()!r}", "query")
    wanted = json.loads(found["value"])
    if argument := found["argument"]:
        return lambda mail: bool(mail["arguments"].get(argument) == wanted)
    field = found["field"]
    return lambda mail: bool(activity(mail)[field] == wanted)
