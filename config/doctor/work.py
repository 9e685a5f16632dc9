"""Whether the work gets done: a worker lives, and nothing piles up."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from config.doctor.findings import WARNING, Examination, Finding, Theme
from config.doctor.variables import ROOT

if TYPE_CHECKING:
    from django.db.models import QuerySet

OVERDUE = timedelta(minutes=2)


def worker() -> Iterator[Finding]:
    """A worker has shown a sign of life."""
    from django.utils import timezone

    from config.readiness import SILENT_FOR
    from webhooks.models import Heartbeat

    beat = Heartbeat.objects.filter(name="worker").first()
    if beat is None:
        cause = "it has never given a sign of life in this database"
        yield Finding("no worker runs", cause, "BROKER_URL", start_worker(), WARNING)
    elif (silent := timezone.now() - beat.at) > SILENT_FOR:
        cause = f"its last sign of life was {int(silent.total_seconds())} s ago, at {beat.at:%Y-%m-%d %H:%M:%S} UTC"
        yield Finding("no worker runs", cause, "BROKER_URL", start_worker())


def start_worker() -> str:
    """The command that starts what works: the web process embedded, else the Procfile's worker (and beat)."""
    from django.conf import settings

    from config.processes import procfile

    if settings.BROKER_URL == "memory://":
        return f"{sys.executable} manage.py serve"
    commands = procfile(ROOT / "Procfile")
    return f"{' '.join(commands['worker'])} (and beat beside it, as in Procfile)"


def dead_letters() -> Iterator[Finding]:
    """No delivery was given up."""
    from webhooks.models import Delivery

    dead = Delivery.objects.filter(state=Delivery.State.DEAD)
    if count := dead.count():
        last = dead.order_by("-received_at").values_list("source", "kind").first() or ("", "")
        cause = f"the newest is {last[0]} {last[1]}; its error is at /console/deliveries?state=dead"
        mend = f"{sys.executable} manage.py replay --state dead --dry-run (then without --dry-run)"
        yield Finding(f"{count} deliveries were given up", cause, "/console/deliveries?state=dead", mend, WARNING)


def inbox_lag() -> Iterator[Finding]:
    """What vendors said is processed when it is due."""
    from webhooks.models import Delivery

    yield from _lag("deliveries", Delivery.objects.filter(state=Delivery.State.PENDING))


def outbox_lag() -> Iterator[Finding]:
    """What we decided reaches its sinks when it is due."""
    from webhooks.models import Dispatch

    yield from _lag("events", Dispatch.objects.filter(done_at=None))


def mail_lag() -> Iterator[Finding]:
    """Mail leaves when it is due."""
    from integrations.email.models import Mail

    yield from _lag("mails", Mail.objects.filter(state__in=[Mail.State.WAITING, Mail.State.SENDING]))


def endpoint_lag() -> Iterator[Finding]:
    """Messages to customers' endpoints leave when they are due."""
    from django.utils import timezone

    from webhooks.endpoints import pace
    from webhooks.models import Endpoint, Message

    # Where an order is kept, or a rate that somebody sees to, many may wait: that is no fault of the sender's.
    neglected = pace.neglected(timezone.now(), OVERDUE)
    endpoints = Endpoint.objects.filter(neglected, state=Endpoint.State.ENABLED, ordered=False)
    waiting = Message.objects.filter(state=Message.State.WAITING, endpoint__in=endpoints)
    yield from _lag("messages to endpoints", waiting)


def _lag(noun: str, waiting: QuerySet[Any]) -> Iterator[Finding]:
    from django.utils import timezone

    overdue = waiting.filter(due_at__lt=timezone.now() - OVERDUE)
    if count := overdue.count():
        first = overdue.order_by("due_at").values_list("due_at", flat=True)[0]
        minutes = int((timezone.now() - first).total_seconds() // 60)
        cause = f"the oldest is {minutes} min overdue: no worker takes them, or each attempt dies"
        yield Finding(f"{count} {noun} are piling up", cause, "BROKER_URL", start_worker(), WARNING)


NEEDS = ("migrations",)
THEME = Theme(
    "work",
    tuple(
        Examination(look.__name__, look, NEEDS)
        for look in (worker, dead_letters, inbox_lag, outbox_lag, mail_lag, endpoint_lag)
    ),
)
