"""The watch over the watcher: the web process looks whether the worker lives, and says so when it does not.

It has a timer of its own, for a watcher that only looks when somebody else looks is none. With several web processes
each of them watches, and the incident's constraint makes one of what they find. The worker that is silent is also the
one that would relay the alarm, so the alarm is relayed and mailed from here.
"""

import threading
from datetime import datetime, timedelta

import structlog
from django.db import close_old_connections, connection
from django.utils import timezone

from config.readiness import SILENT_FOR
from integrations import control
from integrations.causes import OURS, span, words
from integrations.email.services import carry
from integrations.incidents import settle
from integrations.models import Incident
from webhooks.models import Heartbeat
from webhooks.relay import relay

log = structlog.get_logger("watch")

EVERY = 10.0  # seconds


class Watch:
    """A thread that looks every ten seconds until it is stopped."""

    def __init__(self) -> None:
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._began = timezone.now()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._closed.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        while True:
            self._look_once()
            if self._closed.wait(EVERY):
                break
        connection.close()

    def _look_once(self) -> None:
        try:
            close_old_connections()
            control.enforce()
            look(self._began, timezone.now())
        except Exception as error:  # noqa: BLE001  whatever it was, the watch goes on: the next look may succeed
            log.error("watch.failed", error=repr(error))


def look(began: datetime, now: datetime) -> bool:
    """Open or close the incident of the silent worker; whether it is silent. A start is given time to begin."""
    beat = Heartbeat.objects.filter(name="worker").first()
    silence = now - max(began, beat.at if beat else began)
    silent = silence >= SILENT_FOR
    known = Incident.objects.filter(vendor=OURS, kind=Incident.Kind.SILENT, closed_at=None).exists()
    if silent or (known and beat and now - beat.at < SILENT_FOR):
        _settle(silence if silent else None, now)
    if silent and not known:
        relay()
        carry()
    return silent


def _settle(silence: timedelta | None, now: datetime) -> None:
    said = words(OURS, "silent", silence=span(silence.total_seconds())) if silence else None
    settle(OURS, Incident.Kind.SILENT, "silent", said, now)
