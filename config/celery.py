"""The Celery application: wake-ups by message, the truth in the tables, and the sweeps that need no message."""

import os
import sys
import threading
import time
from contextlib import ExitStack
from contextvars import ContextVar
from typing import Any

import structlog
from celery import Celery, beat, signals
from celery.worker import WorkController
from django.conf import settings
from django.db import close_old_connections

from integrations import tracing
from integrations.correlation import correlate, request_id
from integrations.http import deadline
from integrations.metrics import retire

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

log = structlog.get_logger("task")

SWEEPS = (
    "webhooks.beat",
    "webhooks.drain",
    "webhooks.relay",
    "webhooks.send",
    "webhooks.resend",
    "integrations.email.carry",
    "payments.reconcile",
)

# Seconds between one round and the next; a round nobody has begun by then is void.
ROUNDS = {
    "integrations.watch": settings.PROBE_SECONDS,
    "integrations.announce": 60.0,
    "webhooks.recall": 60.0,
    "webhooks.listen": 60.0,
    "webhooks.purge": 3600.0,
    "integrations.trim_calls": 3600.0,
    "realtime.trim": 3600.0,
    "webhooks.trim_messages": 3600.0,
    **({"webhooks.heal": settings.HEAL_SECONDS} if settings.HEAL_SECONDS else {}),
}
AT_ONCE = {"webhooks.recall", "webhooks.listen", "webhooks.purge", "integrations.watch", "webhooks.heal"}

app = Celery("patchbay")
app.conf.update(
    broker_url=settings.BROKER_URL,
    broker_transport="config.memory:Transport" if settings.BROKER_URL.startswith("memory://") else None,
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    task_default_queue=settings.QUEUE,
    # Celery would close the database connection before and after every task; `begin` closes those that are broken.
    CELERY_DB_REUSE_MAX=sys.maxsize,
    beat_schedule={
        name: {"task": name, "schedule": settings.SWEEP_SECONDS, "options": {"expires": 10}} for name in SWEEPS
    }
    | {name: {"task": name, "schedule": seconds, "options": {"expires": seconds}} for name, seconds in ROUNDS.items()},
)
app.autodiscover_tasks(["webhooks", "payments", "realtime", "integrations", "integrations.email"])


@signals.setup_logging.connect
def keep_logging(**_kwargs: Any) -> None:
    """Being connected is what keeps Celery's hands off the logging that Django has configured."""


@signals.worker_ready.connect
def sweep_at_once(**_kwargs: Any) -> None:
    """What an earlier process left behind is not left to wait for the first beat."""
    for name in (*SWEEPS, *(AT_ONCE & ROUNDS.keys())):
        app.send_task(name)


@signals.before_task_publish.connect
def carry(headers: dict[str, Any], **_kwargs: Any) -> None:
    """A task works under the request id and the deadline of whoever asked for it."""
    headers["patchbay_request_id"] = request_id()
    headers["patchbay_deadline"] = deadline.as_timestamp()
    headers["patchbay_trace"] = tracing.carried()


@signals.worker_init.connect
def keep_counts(**_kwargs: Any) -> None:
    """What workers before this one counted stays counted, in one file."""
    retire()


@signals.worker_init.connect
def obey(**_kwargs: Any) -> None:
    """What staff have ordered is in force before the first task, and what they order then is soon."""
    from config.watch import orders  # its models are there once the apps are

    orders.start()


@signals.worker_shutdown.connect
def obey_no_more(**_kwargs: Any) -> None:
    from config.watch import orders

    orders.stop()


@signals.worker_shutdown.connect
def end_sending(**_kwargs: Any) -> None:
    """What is under way to customers' endpoints may end."""
    from webhooks.endpoints.sender import sender  # its models are there once the apps are

    sender.stop()


_under: ContextVar[ExitStack] = ContextVar("task_under")
_started: ContextVar[float] = ContextVar("task_started")


@signals.task_prerun.connect
def begin(task: Any, **_kwargs: Any) -> None:
    _started.set(time.perf_counter())
    close_old_connections()
    identifier = getattr(task.request, "patchbay_request_id", "") or task.request.id
    under = ExitStack()
    under.enter_context(correlate(identifier))
    under.enter_context(tracing.doing(task.name, getattr(task.request, "patchbay_trace", None) or {}))
    _under.set(under)
    deadline.adopt(getattr(task.request, "patchbay_deadline", None))


@signals.task_postrun.connect
def end(task: Any, state: str | None = None, retval: Any = None, **_kwargs: Any) -> None:
    """One line per task; a sweep that found nothing is not worth one."""
    found_nothing = state == "SUCCESS" and not retval
    write = log.debug if found_nothing else log.info
    ms = round((time.perf_counter() - _started.get()) * 1000, 1)
    write("task", name=task.name, state=state, result=retval, ms=ms)
    tracing.annotate(None, "" if state == "SUCCESS" else str(state))
    _under.get().close()


class EmbeddedWorker:
    """Celery's worker and beat as threads of the web process, for the embedded default."""

    def __init__(self) -> None:
        self._worker = WorkController(
            app=app,
            pool="threads",
            concurrency=settings.WORKER_THREADS,
            hostname="embedded@patchbay",
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )
        self._beat: Any = beat.EmbeddedService(app, thread=True, scheduler_cls="celery.beat:Scheduler")

    def start(self) -> None:
        threading.Thread(target=self._worker.start, name="celery-worker", daemon=True).start()
        self._beat.daemon = True
        self._beat.start()
        sweep_at_once()  # the signal is the command's own: a bare WorkController does not send it

    def stop(self) -> None:
        """Let the running tasks end, then stop; what is left undone is due again after its lease."""
        self._beat.stop()
        self._worker.stop()
        end_sending()
