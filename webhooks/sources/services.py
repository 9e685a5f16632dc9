"""What may be done to a custom source. Every change grows its version, is audited, and holds here at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from integrations.vault import seal
from webhooks.care.audit import Kind, Person, note
from webhooks.models import Delivery, Source, SourceSecret
from webhooks.problems import Problem
from webhooks.sources.schemes import GUESSABLE, scheme_of
from webhooks.sources.snapshot import PURPOSE, snapshot

MOST_SECRETS = 5
DEFAULT_OVERLAP = 24  # hours
LONGEST_OVERLAP = 7 * 24


@transaction.atomic
def create(fields: Mapping[str, Any], secrets: Sequence[str], person: Person) -> tuple[Source, str]:
    """A new source, and the secret that was made for it when none was given; `Problem` 409 when the slug is taken.

    `fields` are columns, validated (`webhooks.sources.serializers`).
    """
    try:
        with transaction.atomic():
            source = Source.objects.create(**fields, created_by_id=person.pk)
    except IntegrityError:
        words = f"There is a source {fields['slug']!r} already."
        error = {"field": "slug", "code": "taken", "message": words}
        raise Problem(409, "slug_taken", "This slug is taken", words, errors=[error]) from None
    scheme = scheme_of(source.scheme, source.options)
    made = scheme.new_secret() if scheme.has_secret and not secrets else ""
    for text in [made] if made else reversed(secrets):
        _keep(source, text)
    _note(source, person, f"Created, {source.scheme}")
    return source, made


@transaction.atomic
def change(source: Source, fields: Mapping[str, Any], person: Person) -> Source:
    """Change columns of the source; what is given and not different is no change."""
    row = _locked(source)
    changed = {name: value for name, value in fields.items() if getattr(row, name) != value}
    if not changed:
        return row
    for name, value in changed.items():
        setattr(row, name, value)
    _renew(row)
    _note(row, person, "Changed " + ", ".join(f"{name} to {value!r}" for name, value in sorted(changed.items())))
    return row


@transaction.atomic
def rotate(source: Source, secret: str, overlap: timedelta, person: Person, now: datetime) -> tuple[Source, str]:
    """Make `secret`, or a new one when it is empty, the newest; the others are good for `overlap` longer, at most.

    Returns the secret when it was made here. `Problem` 409 for a source without secrets or with too many.
    """
    row = _locked(source)
    scheme = scheme_of(row.scheme, row.options)
    if not scheme.has_secret:
        raise Problem(409, "no_secret", "This source has no secret", "It is known by its addresses.")
    ends = now + overlap
    row.secrets.filter(Q(expires_at=None) | Q(expires_at__gt=ends)).update(expires_at=ends)
    row.secrets.filter(expires_at__lte=now).delete()
    if row.secrets.count() >= MOST_SECRETS:
        words = f"{MOST_SECRETS} secrets are good at once, and no more. Rotate with an overlap of 0 to end the others."
        raise Problem(409, "too_many_secrets", "There are too many secrets", words)
    made = "" if secret else scheme.new_secret()
    kept = _keep(row, secret or made)
    _renew(row)
    _note(row, person, f"Rotated to the secret {kept.hint}; the others are good until {ends:%Y-%m-%d %H:%M} UTC")
    return row, made


@transaction.atomic
def remove(source: Source, person: Person) -> None:
    """Forget the source and its secrets; what it said stays. `Problem` 409 while it is in use."""
    row = _locked(source)
    if used(row.slug) and not row.paused:
        words = "It has spoken before. Pause it first, and delete it once its sender has stopped."
        raise Problem(409, "source_in_use", "This source is in use", words)
    if Delivery.objects.filter(source=row.slug, state=Delivery.State.PENDING).exists():
        words = "Deliveries of it are still to be processed. Wait for them, or look at them in the console."
        raise Problem(409, "source_in_use", "This source is in use", words)
    _note(row, person, "Deleted")
    row.delete()


def used(slug: str) -> bool:
    """Whether anything was ever delivered under this slug, as far as that is still known."""
    return Delivery.objects.filter(source=slug).exists()


def _locked(source: Source) -> Source:
    """The row as it is now, ours until the transaction ends; `Problem` 404 when it was deleted meanwhile."""
    row = Source.objects.select_for_update().filter(pk=source.pk).first()
    if row is None:
        raise Problem(404, "not_found", "There is nothing here", "This source has been deleted.")
    return row


def _renew(row: Source) -> None:
    row.version += 1
    row.changed_at = timezone.now()
    row.save()


def _keep(source: Source, text: str) -> SourceSecret:
    hint = f"…{text[-4:]}" if len(text) >= GUESSABLE else "…"
    return SourceSecret.objects.create(source=source, sealed=seal(text.encode(), PURPOSE), hint=hint)


def _note(source: Source, person: Person, words: str) -> None:
    # It outlives the source, and never has a secret in it.
    note(Kind.SOURCE, person, query=f"source:{source.slug}", reason=words)
    transaction.on_commit(snapshot.refresh)
