"""The rows behind provider tokens: looked at, claimed, kept and failed, all by the database's one clock.

The lease on a row is what makes renewing single-flight across threads, processes and hosts; see docs/decisions/0008.
"""

import json
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from integrations import vault
from integrations.claims import backoff
from integrations.errors import IntegrationError, Permanent, Reconnect, Retryable, Unauthorized
from integrations.http.grants import Grant
from integrations.models import ProviderToken

log = structlog.get_logger("vendor")

LONGEST_PAUSE = timedelta(minutes=5)
ERRORS: dict[str, type[Permanent]] = {error.code: error for error in (Permanent, Unauthorized, Reconnect)}


@dataclass(frozen=True)
class Held:
    """A row as it was seen: `row` at the time `now`, and its tokens in the clear, empty when there are none."""

    row: ProviderToken
    now: datetime
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)

    @property
    def valid(self) -> bool:
        return bool(self.access_token and self.row.expires_at and self.now < self.row.expires_at)

    @property
    def fresh(self) -> bool:
        """Valid, and not to be renewed yet."""
        return bool(self.valid and self.row.refresh_at and self.now < self.row.refresh_at)

    def is_younger_than(self, age: timedelta) -> bool:
        return bool(self.row.granted_at and self.now - self.row.granted_at < age)

    def remembered(self) -> IntegrationError | None:
        """The failure on which nobody asks again yet: for a while, or until a person has connected the account."""
        row = self.row
        if row.state == ProviderToken.State.RECONNECT:
            return Reconnect(row.error)
        if row.retry_at is None or self.now >= row.retry_at:
            return None
        if known := ERRORS.get(row.error_code):
            return known(row.error)
        return Retryable(row.error, (row.retry_at - self.now).total_seconds())


def look(vendor: str, account: str) -> Held:
    """The row of the account, made if need be. What cannot be unsealed counts as absent."""
    rows = ProviderToken.objects.filter(vendor=vendor, account=account).annotate(now=Now())
    row = rows.first()
    if row is None:
        ProviderToken.objects.get_or_create(vendor=vendor, account=account)
        row = rows.get()
    return Held(row, row.now, **_opened(row))


def claim(held: Held) -> str:
    """The lease on renewing what was seen, or empty: it is somebody else's, or the row has moved on."""
    lease = uuid4().hex
    still = ProviderToken.objects.filter(
        Q(leased_until=None) | Q(leased_until__lte=Now()),
        pk=held.row.pk,
        generation=held.row.generation,
        failures=held.row.failures,
    )
    # Durable: inside a caller's transaction nobody would see the lease, and the vendor would be called within it.
    with transaction.atomic(durable=True):
        taken = still.update(lease=lease, leased_until=Now() + timedelta(seconds=settings.LEASE_SECONDS))
    return lease if taken else ""


def keep(held: Held, grant: Grant) -> bool:
    """Store what was granted to the claimant of `held`; False when a newer grant is there already.

    It asks for the generation and not for the lease: who was overtaken while the vendor rotated holds the one good
    refresh token, and must not lose it to the overtaker's refusal.
    """
    tokens = {"access_token": grant.access_token, "refresh_token": grant.refresh_token or held.refresh_token}
    return _store(held.row, tokens, held.now, timedelta(seconds=grant.life))


def connect(vendor: str, account: str = "", *, refresh_token: str, access_token: str = "", life: float = 0.0) -> None:
    """Store the grant that a person has just given; whatever was before it, failures included, is over.

    `life` is the access token's in seconds; without one the first call gets it.
    """
    tokens = {"access_token": access_token, "refresh_token": refresh_token}
    with transaction.atomic():
        made, _ = ProviderToken.objects.get_or_create(vendor=vendor, account=account)
        row = ProviderToken.objects.select_for_update().annotate(now=Now()).get(pk=made.pk)
        _store(row, tokens, row.now, timedelta(seconds=life))


def fail(held: Held, lease: str, error: IntegrationError) -> None:
    """Remember the failure and give the lease back, if it is still ours."""
    asked = error.retry_after if isinstance(error, Retryable) else None
    pause = min(backoff(held.row.failures + 1, asked, base=1.0), LONGEST_PAUSE)
    lost = isinstance(error, Reconnect)
    _ours(held, lease).update(
        state=ProviderToken.State.RECONNECT if lost else ProviderToken.State.READY,
        failures=F("failures") + 1,
        failed_at=Now(),
        retry_at=None if lost else Now() + pause,
        error_code=error.code,
        error=str(error)[:300],
        lease="",
        leased_until=None,
    )


def release(held: Held, lease: str) -> None:
    """Give the lease back, if it is still ours, as if nobody had asked."""
    _ours(held, lease).update(lease="", leased_until=None)


def _ours(held: Held, lease: str) -> QuerySet[ProviderToken]:
    return ProviderToken.objects.filter(pk=held.row.pk, lease=lease, generation=held.row.generation)


def _store(row: ProviderToken, tokens: dict[str, str], at: datetime, life: timedelta) -> bool:
    # Jitter keeps processes and accounts from renewing together; five minutes ahead is enough for any token.
    margin = min(life * 0.2, timedelta(minutes=5)) * random.uniform(0.5, 1)  # noqa: S311  jitter, no secret
    stored = ProviderToken.objects.filter(pk=row.pk, generation=row.generation).update(
        generation=row.generation + 1,
        state=ProviderToken.State.READY,
        sealed=vault.seal(json.dumps(tokens).encode(), _purpose(row)),
        granted_at=at,
        refresh_at=at + life - margin,
        expires_at=at + life,
        failures=0,
        failed_at=None,
        retry_at=None,
        error_code="",
        error="",
        lease="",
        leased_until=None,
    )
    return stored == 1


def _opened(row: ProviderToken) -> dict[str, str]:
    if row.sealed:
        try:
            return json.loads(vault.unseal(row.sealed, _purpose(row)))
        except vault.Unreadable:
            log.error("token.unreadable", vendor=row.vendor, account=row.account, why="sealed with another SECRET_KEY")
    return {"access_token": "", "refresh_token": ""}


def _purpose(row: ProviderToken) -> str:
    """A key for each row: what is sealed for one account cannot be moved to another's."""
    return f"integrations token {row.vendor} {row.account}"
