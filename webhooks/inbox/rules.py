"""The rules of the sources, applied to what arrives before it is stored."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from webhooks.care.redaction import redacted
from webhooks.inbox.insertion import COLUMNS, Row
from webhooks.models import SourceRule
from webhooks.models.rules import usual_days

_SOURCE, _HEADERS, _BODY, _RECEIVED = map(COLUMNS.index, ("source", "headers", "body", "received_at"))


@dataclass(frozen=True)
class Rules:
    """What staff had decided at one moment, by source."""

    by_source: Mapping[str, SourceRule] = field(default_factory=dict)

    def applied(self, rows: Sequence[Row]) -> list[Row]:
        """The rows of the door with their last column, the day their contents expire, and with redacted bodies."""
        return [self._applied(row) for row in rows]

    def redacts(self, rows: Sequence[Row]) -> bool:
        """Whether anything is to be looked for in these, which computes for longer than they take to store."""
        rules = (self._rule(row) for row in rows)
        return any(rule.redactions for rule in rules if rule)

    def _rule(self, row: Row) -> SourceRule | None:
        return self.by_source.get(str(row[_SOURCE]))

    def _applied(self, row: Row) -> Row:
        received = row[_RECEIVED]
        assert isinstance(received, datetime)
        rule = self._rule(row)
        days = rule.keep_days if rule else usual_days()
        kept = (*row, received.date() + timedelta(days=days))
        if not (rule and rule.redactions):
            return kept
        body, headers = row[_BODY], row[_HEADERS]
        assert isinstance(body, bytes)
        assert isinstance(headers, str)
        kind = json.loads(headers).get("content-type", "")
        return (*kept[:_BODY], redacted(body, rule.redactions, kind), *kept[_BODY + 1 :])


def current() -> Rules:
    """The rules as they are now: one query."""
    return Rules({rule.slug: rule for rule in SourceRule.objects.all()})
