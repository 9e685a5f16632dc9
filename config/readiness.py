"""`/readyz`: whether this process can do its work."""

from collections.abc import Callable
from datetime import timedelta

import httpx2
import structlog
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from kombu import Connection

from webhooks.models import Heartbeat

log = structlog.get_logger("readiness")

SILENT_FOR = timedelta(seconds=30)


def readyz(_request: HttpRequest) -> JsonResponse:
    """200 when everything this process stands on answers, else 503 and what does not."""
    checks = {name: _outcome(name, check) for name, check in CHECKS.items()}
    ready = all(outcome == "ok" for outcome in checks.values())
    return JsonResponse({"status": "ok" if ready else "unready", "checks": checks}, status=200 if ready else 503)


def _outcome(name: str, check: Callable[[], str]) -> str:
    try:
        return check()
    except Exception as error:  # noqa: BLE001  a probe reports whatever is wrong, and never fails itself
        log.warning("unready", check=name, error=repr(error))
        return "unavailable"


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _broker() -> str:
    with Connection(settings.BROKER_URL, connect_timeout=2) as broker:
        broker.ensure_connection(max_retries=1, timeout=2)
    return "ok"


def _worker() -> str:
    beat = Heartbeat.objects.filter(name="worker").first()
    if beat is None:
        return "no sign of life yet"
    silent = timezone.now() - beat.at
    return "ok" if silent < SILENT_FOR else f"silent for {int(silent.total_seconds())} s"


def _sandbox() -> str:
    if not settings.PATCHBAY_SANDBOX:
        return "ok"
    httpx2.get(f"{settings.SANDBOX_URL}/_control/health", timeout=2, trust_env=False).raise_for_status()
    return "ok"


def _redis() -> str:
    if settings.REDIS_URL:
        from django.core.cache import cache

        cache.get("readyz")
    return "ok"


CHECKS = {"database": _database, "broker": _broker, "worker": _worker, "redis": _redis, "sandbox": _sandbox}
