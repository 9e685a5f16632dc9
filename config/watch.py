"""The watch over the watcher: the web process looks whether the worker lives, and says so when it does not.

It has a timer of its own, for a watcher that only looks when somebody else looks is none. With several web processes
each of them watches, and the incident's constraint makes one of what they find. The worker that is silent is also the
one that would relay the alarm, so the alarm is relayed and mailed from here. Web and worker alike watch for orders.
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.db import close_old_connections, connection
from django.utils import timezone

from config.readiness import SILENT_FOR
from integrations import control
from integrations.causes import OURS, span, words
from integrations.email.models import Mail
from integrations.email.services import carry
from integrations.incidents import settle
from integrations.models import Incident
from webhooks.models import Dispatch, Heartbeat
from webhooks.outbox.relay import relay

log = structlog.get_logger("watch")

EVERY = 10.0  # seconds between two looks for the worker
OBEYED_WITHIN = 2.0  # seconds until an order is in force in every process, also where there is no Redis


class Watch:
    """A thread that looks `every` so many seconds until it is stopped; a second start changes nothing."""

    def __init__(self, name: str, every: float, look: Callable[[], object]) -> None:
        self._name, self._every, self._look = name, every, look
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, args=(self._closed,), name=self._name, daemon=True)
                self._thread.start()

    def stop(self) -> None:
        with self._lock:
            if self._thread is not None:
                self._closed.set()
                self._thread.join(timeout=10)
                self._closed, self._thread = threading.Event(), None

    def _run(self, closed: threading.Event) -> None:
        while True:
            self._look_once()
            if closed.wait(self._every):
                break
        connection.close()

    def _look_once(self) -> None:
        try:
            close_old_connections()
            self._look()
        except Exception as error:  # noqa: BLE001  whatever it was, the watch goes on: the next look may succeed
            log.error("watch.failed", watch=self._name, error=repr(error))


# Staff's orders, in every process that may call a vendor: web and worker.
orders = Watch("orders", OBEYED_WITHIN, control.enforce)


def over_worker() -> Watch:
    """A watch over the worker, from now on."""
    began = timezone.now()
    return Watch("watch", EVERY, lambda: look(began, timezone.now()))


def look(began: datetime, now: datetime) -> bool:
    """Open or close the incident of the silent worker; whether it is silent. A start is given time to begin."""
    beat = Heartbeat.objects.filter(name="worker").first()
    silence = now - max(began, beat.at if beat else began)
    silent = silence >= SILENT_FOR
    known = Incident.objects.filter(vendor=OURS, kind=Incident.Kind.SILENT, closed_at=None).exists()
    if silent or (known and beat and now - beat.at < SILENT_FOR):
        _settle(silence if silent else None, now)
    if silent and (not known or _alarm_waits()):
        relay()
        carry()
    return silent


def _alarm_waits() -> bool:
    """Whether the alarm is still with us: its first relay may have failed, or the carrier of its mail."""
    about = f"vendor:{OURS}"
    return (
        Dispatch.objects.filter(event__about=about, done_at=None).exists()
        or Mail.objects.filter(about=about, state__in=(Mail.State.WAITING, Mail.State.SENDING)).exists()
    )


def _settle(silence: timedelta | None, now: datetime) -> None:
    said = words(OURS, "silent", silence=span(silence.total_seconds())) if silence else None
    settle(OURS, Incident.Kind.SILENT, "silent", said, now)
