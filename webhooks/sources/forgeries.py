"""Requests that pretended to be a source: counted by the hour, with one masked sample, and nothing of a body.

They are noted in memory, bounded, and written by the thread that also renews the snapshot. No database is asked while
the sender waits.
"""

import hashlib
import re
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import Error, transaction
from django.db.models import F

from integrations.contract import Inbound
from integrations.database import AWAY
from integrations.masking import masked
from webhooks import metrics
from webhooks.models import ForgeryHour

log = structlog.get_logger("sources")

KEPT = timedelta(days=35)
MOST_SLOTS = 500
MOST_HEADERS = 30
LONGEST_VALUE = 200
NO_SAMPLE = "what they looked like could not be kept"
_TELLING = re.compile(r"sign|auth|token|secret|key|cookie|passw|hmac|digest|credential", re.IGNORECASE)
_OPAQUE = re.compile(r"[A-Za-z0-9+/=_-]{24,}", re.ASCII)

Slot = tuple[str, datetime]


@dataclass
class Tally:
    """What came together since the last writing, for one source and hour."""

    count: int = 0
    reason: str = ""
    sample: dict[str, Any] = field(default_factory=dict)


class Forgeries:
    """Takes note from the event loop; `flush` writes, from a thread."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Drop what has not been written, as a new process does."""
        self._lock = threading.Lock()
        self._tallies: dict[Slot, Tally] = {}

    def note(self, source: str, reason: str, inbound: Inbound, proofs: frozenset[str]) -> bool:
        """One more. Whether it is the first since the last writing, of which alone a sample is made."""
        slot = (source, inbound.now.replace(minute=0, second=0, microsecond=0))
        with self._lock:
            tally = self._tallies.get(slot)
            if tally is None and len(self._tallies) < MOST_SLOTS:
                tally = self._tallies[slot] = Tally()
            if tally is None:
                metrics.forgeries_lost.add(1, source)
                return False
            tally.count, tally.reason = tally.count + 1, reason
        if tally.count > 1:
            return False
        tally.sample = sample_of(inbound, proofs)
        return True

    def flush(self) -> None:
        """Add what came together to the rows.

        While the database is away it is kept; what fails for another reason would fail again, and is told once, counted
        as lost and let go, so that no other waits behind it.
        """
        with self._lock:
            taken, self._tallies = self._tallies, {}
        for slot, tally in taken.items():
            try:
                _write_what_can_be(slot, tally)
            except AWAY as error:
                log.error("forgeries.not_stored", source=slot[0], error=repr(error))
                self._put_back(slot, tally)
            except Exception:  # whatever it was, the other tallies are taken, and must not be lost with it
                log.exception("forgeries.lost", source=slot[0], count=tally.count)
                metrics.forgeries_lost.add(tally.count, slot[0])

    def _put_back(self, slot: Slot, tally: Tally) -> None:
        with self._lock:
            newer = self._tallies.setdefault(slot, Tally(0, tally.reason, tally.sample))
            newer.count += tally.count


forgeries = Forgeries()


def sample_of(inbound: Inbound, proofs: frozenset[str]) -> dict[str, Any]:
    """What a request looked like without any of its secrets: address, masked headers, size and SHA-256 of its body."""
    names = sorted(inbound.headers)[:MOST_HEADERS]
    return {
        "at": inbound.now.isoformat(),
        "address": inbound.address,
        "headers": {masked(name, 100): _shown(name, inbound.headers[name], proofs) for name in names},
        "size": len(inbound.body),
        "sha256": hashlib.sha256(inbound.body).hexdigest(),
    }


def _shown(name: str, value: str, proofs: frozenset[str]) -> str:
    if name in proofs or _TELLING.search(name):
        return f"[masked, {len(value)} characters]"
    return _OPAQUE.sub("[masked]", masked(value[:1000], LONGEST_VALUE))


def _write_what_can_be(slot: Slot, tally: Tally) -> None:
    """The number alone, where it is what they looked like that no column takes."""
    try:
        _write(slot, tally)
    except AWAY:
        raise
    except (Error, ValueError):  # the database's own refusal, or a text that its driver cannot spell
        log.exception("forgeries.without_sample", source=slot[0], count=tally.count)
        _write(slot, Tally(tally.count, NO_SAMPLE))


@transaction.atomic
def _write(slot: Slot, tally: Tally) -> None:
    source, hour = slot
    given = {"reason": masked(tally.reason, LONGEST_VALUE), "sample": tally.sample}
    row, _ = ForgeryHour.objects.get_or_create(source=source, hour=hour, defaults=given)
    ForgeryHour.objects.filter(pk=row.pk).update(count=F("count") + tally.count, **given)
    ForgeryHour.objects.filter(hour__lt=hour - KEPT).delete()
