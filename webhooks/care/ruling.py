"""What staff decide of a source's bodies: kept, or taken back, together with who decided it."""

from django.db import transaction

from webhooks.care.audit import Kind, Person, note
from webhooks.models import SourceRule


@transaction.atomic
def keep(rule: SourceRule, person: Person) -> None:
    """Keep a new or changed rule; it has been validated."""
    rule.save()
    said = f"{rule.keep_days} days; never stored: {', '.join(rule.redactions) or 'nothing'}"
    _note(rule, person, said)


@transaction.atomic
def take_back(rule: SourceRule, person: Person) -> None:
    """Have the settings hold for the source again."""
    rule.delete()
    _note(rule, person, "rule taken back: kept for as long as is usual, and as it came")


def _note(rule: SourceRule, person: Person, said: str) -> None:
    note(Kind.RULE, person, query=f"source:{rule.slug}", reason=said)
