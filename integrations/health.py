"""Each vendor is asked how it is, judged by that and by its traffic, and what is wrong becomes an incident."""

import threading
from contextvars import copy_context
from datetime import datetime

import structlog
from django.conf import settings
from django.db import connections, transaction
from django.db.models import F

from integrations import observations, states
from integrations.causes import code_of, words
from integrations.contract import Provider
from integrations.control import paused
from integrations.errors import CircuitOpen, DeadlineExceeded
from integrations.http import deadline
from integrations.incidents import settle
from integrations.models import State, VendorHealth
from integrations.registry import all_providers

log = structlog.get_logger("health")


def watched() -> list[str]:
    """The slugs of the configured vendors, in the order of their names."""
    return sorted(slug for slug, provider in all_providers().items() if provider.configured)


def check(vendor: str, now: datetime) -> State:
    """Ask the vendor how it is, unless staff paused that, and judge it."""
    provider = all_providers()[vendor]
    if provider.probes and not paused(vendor) and (code := _ask(provider)) != CircuitOpen.code:
        note(vendor, code, now)  # one that was not let out says nothing of the vendor, and the circuit says the rest
    return judge(vendor, now)


def _ask(provider: Provider) -> str:
    """What is wrong with the vendor, by its code; empty when it is well. Known within `PROBE_DEADLINE`.

    The probe has a thread of its own: whatever it hangs in (a name that is being resolved knows no timeout), the worker
    goes on in time. One that was given up ends by its client's own timeouts, before the next is due.
    """
    codes: list[str] = []
    context = copy_context()
    thread = threading.Thread(
        target=lambda: codes.append(context.run(_probe, provider)), name=f"probe-{provider.slug}", daemon=True
    )
    thread.start()
    thread.join(settings.PROBE_DEADLINE)
    return codes[0] if codes else code_of(DeadlineExceeded(provider.name))


def _probe(provider: Provider) -> str:
    try:
        with deadline.within(settings.PROBE_DEADLINE):
            provider.probe()
    except Exception as error:
        if (code := code_of(error)) == "broken":
            log.exception("probe.broken", vendor=provider.slug)
        return code
    finally:
        connections.close_all()  # those of this thread, which ends here
    return ""


@transaction.atomic
def note(vendor: str, code: str, now: datetime) -> None:
    """Keep what came of a probe."""
    _row(vendor, now)
    mine = VendorHealth.objects.filter(vendor=vendor)
    if code:
        mine.update(failures=F("failures") + 1, code=code)
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
