"""What has become of claimed deliveries, written down for many at once: each by its latest claimant alone."""

import json
import traceback
from collections.abc import Sequence
from typing import Any

import psycopg
import structlog
from django.db import DataError, connection
from django.utils import timezone

from integrations.claims import backoff
from integrations.errors import Ignored, NotConfigured, Permanent, Refused, Retryable
from integrations.masking import masked, masked_traceback
from webhooks.models import Delivery

log = structlog.get_logger("webhooks")

MAX_ATTEMPTS = 20  # with the back-off of claims.backoff: about three days


def end(delivery: Delivery, state: Delivery.State, error: str = "") -> None:
    """It needs nothing more."""
    delivery.state, delivery.error, delivery.handled_at = state, error, timezone.now()


def fail(delivery: Delivery, error: Exception) -> None:
    """The type of the error being handled decides what happens next."""
    delivery.error, delivery.handled_at = masked_traceback(traceback.format_exc()), None
    if isinstance(error, DataError):
        # It may be the facts that the database does not take: what has become of the delivery must be written.
        delivery.facts = []
    if isinstance(error, Ignored):
        end(delivery, Delivery.State.IGNORED, masked(str(error)))
    elif isinstance(error, Permanent | Refused | NotConfigured):
        end(delivery, Delivery.State.DEAD, delivery.error)
    elif isinstance(error, Retryable):
        _postpone(delivery, error.retry_after)
    else:
        # A bug of ours must not lose the delivery: it is kept with its traceback.
        log.exception("delivery.broke", id=delivery.pk)
        _postpone(delivery)


def _postpone(delivery: Delivery, asked: float | None = None) -> None:
    if delivery.attempts >= MAX_ATTEMPTS:
        end(delivery, Delivery.State.DEAD, delivery.error)
    else:
        delivery.state = Delivery.State.PENDING
        delivery.due_at = timezone.now() + backoff(delivery.attempts, asked)


def write(deliveries: Sequence[Delivery]) -> int:
    """Write what has become of them; returns of how many the caller still is the latest claimant.

    Of the others nothing is written: they have been overtaken, or ended. What is written stays locked until the
    caller's transaction ends, so that it is the fence in front of their effects too.
    """
    return _WRITE[connection.vendor](deliveries)


def written(delivery: Delivery) -> bool:
    """Whether this very fate is in the table: of a commit that nobody answered, whether it happened."""
    same = {name: getattr(delivery, name) for name in ("pk", "attempts", "state", "due_at", "handled_at")}
    return Delivery.objects.filter(**same).exists()


_POSTGRESQL = """
UPDATE webhooks_delivery AS row SET
    state = fate.state, error = fate.error, facts = fate.facts::jsonb,
    due_at = fate.due_at, handled_at = fate.handled_at
FROM unnest(%b::bigint[], %b::int[], %b::text[], %b::text[], %b::text[], %b::timestamptz[], %b::timestamptz[])
    AS fate (id, attempts, state, error, facts, due_at, handled_at)
WHERE row.id = fate.id AND row.attempts = fate.attempts AND row.state = 'pending'
"""


def _write_postgresql(deliveries: Sequence[Delivery]) -> int:
    columns = [list(column) for column in zip(*map(_fate, deliveries), strict=True)]
    connection.ensure_connection()
    # Arrays in the binary format, as at the door: Django's own cursor would spell them out.
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        return cursor.execute(_POSTGRESQL, columns).rowcount


_SQLITE = """
UPDATE webhooks_delivery SET state = %s, error = %s, facts = %s, due_at = %s, handled_at = %s
WHERE id = %s AND attempts = %s AND state = 'pending'
"""


def _write_sqlite(deliveries: Sequence[Delivery]) -> int:
    as_text = connection.ops.adapt_datetimefield_value
    rows = [
        (state, error, facts, as_text(due_at), handled_at and as_text(handled_at), pk, attempts)
        for pk, attempts, state, error, facts, due_at, handled_at in map(_fate, deliveries)
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_SQLITE, rows)
        return cursor.rowcount


def _fate(row: Delivery) -> tuple[Any, ...]:
    facts = json.dumps(row.facts)
    return row.pk, row.attempts, str(row.state), row.error, facts, row.due_at, row.handled_at


_WRITE = {"postgresql": _write_postgresql, "sqlite": _write_sqlite}
