"""Each vendor is asked how it is, judged by that and by its traffic, and what is wrong becomes an incident."""

import threading
import time
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import connections, transaction
from django.db.models import F

from integrations import observations, states
from integrations.causes import code_of, words
from integrations.contract import Provider
from integrations.control import paused
from integrations.correlation import request_id
from integrations.errors import DeadlineExceeded
from integrations.incidents import settle
from integrations.models import Probe, State, VendorHealth
from integrations.registry import all_providers

log = structlog.get_logger("health")

KEPT = timedelta(days=1)
WORDS = 300


@dataclass(frozen=True)
class Outcome:
    """What came of asking: `error` is None when the vendor was well; `ms` how long it took."""

    ms: float
    error: Exception | None = None

    @property
    def code(self) -> str:
        return code_of(self.error) if self.error else ""


def watched() -> list[str]:
    """The slugs of the configured vendors, in the order of their names."""
    return sorted(slug for slug, provider in all_providers().items() if provider.configured)


def check(vendor: str, now: datetime) -> State:
    """Ask the vendor how it is, unless staff paused that, and judge it."""
    provider = all_providers()[vendor]
    if provider.probes and not paused(vendor):
        note(vendor, _ask(provider), now)
    return judge(vendor, now)


def _ask(provider: Provider) -> Outcome:
    """The probe's outcome within `PROBE_DEADLINE`.

    It has a thread of its own: whatever it hangs in (a name that is being resolved knows no timeout), the worker goes
    on in time. One that was given up ends by its client's own timeouts, before the next is due.
    """
    outcomes: list[Outcome] = []
    context, started = copy_context(), time.perf_counter()
    thread = threading.Thread(
        target=lambda: outcomes.append(context.run(_probe, provider)), name=f"probe-{provider.slug}", daemon=True
    )
    thread.start()
    thread.join(settings.PROBE_DEADLINE)
    if outcomes:
        return outcomes[0]
    words = f"{provider.name} did not answer within {settings.PROBE_DEADLINE:g} s"
    return Outcome(_ms(started), DeadlineExceeded(words))


def _probe(provider: Provider) -> Outcome:
    started = time.perf_counter()
    try:
        provider.probe()
    except Exception as error:
        if code_of(error) == "broken":
            log.exception("probe.broken", vendor=provider.slug)
        return Outcome(_ms(started), error)
    finally:
        connections.close_all()  # those of this thread, which ends here
    return Outcome(_ms(started))


def _ms(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)


@transaction.atomic
def note(vendor: str, outcome: Outcome, now: datetime) -> None:
    """Keep what came of a probe."""
    said = str(outcome.error)[:WORDS] if outcome.error else ""
    Probe.objects.create(vendor=vendor, at=now, ms=outcome.ms, code=outcome.code, words=said, request_id=request_id())
    _row(vendor, now)
    mine = VendorHealth.objects.filter(vendor=vendor)
    if outcome.error:
        mine.update(failures=F("failures") + 1, code=outcome.code)
    else:
        mine.update(failures=0, code="", last_good_at=now)


def heard(vendor: str, at: datetime) -> None:
    """The vendor told us something at this moment: that, too, is contact."""
    _row(vendor, at)
    VendorHealth.objects.filter(vendor=vendor).exclude(heard_at__gte=at).update(heard_at=at)


def judge(vendor: str, now: datetime) -> State:
    """Open and close the vendor's incidents by what is observed now, and note the state it is in."""
    seen = observations.observe(vendor, now, paused=paused(vendor))
    for kind, code in states.findings(seen).items():
        settle(vendor, kind, code, words(vendor, code) if code else None, now)
    state = states.state(seen)
    _row(vendor, now)
    mine = VendorHealth.objects.filter(vendor=vendor)
    mine.update(checked_at=now)
    mine.exclude(state=state).update(state=state, since=now)
    return state


def _row(vendor: str, now: datetime) -> None:
    VendorHealth.objects.get_or_create(vendor=vendor, defaults={"since": now, "first_at": now})


def forget(now: datetime) -> int:
    """Delete the probes that no page shows any more; returns how many."""
    return Probe.objects.filter(at__lt=now - KEPT).delete()[0]
