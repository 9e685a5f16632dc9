"""`/integrations/status`: how the vendors are, for everybody.

It is built from rows alone, at most once in `KEPT` seconds a process: it holds under the load that an outage brings,
and without the cache that may be part of the outage.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from integrations.status import SLOTS, Status, status_at

KEPT = 5.0


class Kept:
    """A value that is built again when it is older than `seconds`; one thread builds, the others take the old one."""

    def __init__(self, build: Callable[[], Status], seconds: float, clock: Callable[[], float]) -> None:
        self._build, self._seconds, self._clock = build, seconds, clock
        self._lock = threading.Lock()
        self._value: tuple[float, Status] | None = None

    def get(self) -> Status:
        kept = self._value
        if kept and self._clock() - kept[0] < self._seconds:
            return kept[1]
        if not self._lock.acquire(blocking=kept is None):
            assert kept is not None
            return kept[1]
        try:
            if self._value is None or self._value is kept:  # else somebody has built it while we waited
                self._value = (self._clock(), self._build())
            return self._value[1]
        finally:
            self._lock.release()


_kept = Kept(lambda: status_at(timezone.now()), KEPT, time.monotonic)


@require_safe
@vary_on_headers("Accept")
def page(request: HttpRequest) -> HttpResponse:
    """`/integrations/status`: the page, or the same as JSON for a program that asks for it."""
    status = _kept.get()
    if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        return JsonResponse(_as_json(status))
    return render(request, "integrations/status.html", {"status": status, "slots_width": SLOTS * 4})


def _as_json(status: Status) -> dict[str, Any]:
    return {
        "status": status.headline,
        "at": status.at,
        "services": [
            {
                "name": service.name,
                "vendors": [
                    {"name": vendor.name, "state": vendor.state, "words": vendor.words, "since": vendor.since}
                    for vendor in service.vendors
                ],
            }
            for service in status.services
        ],
    }
