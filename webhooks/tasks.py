"""Celery's side of the inbox and the outbox: wake-ups after a commit, and the sweep that finds what was left behind."""

import structlog
from celery import shared_task
from django.contrib.auth import get_user_model
from django.utils import timezone

from integrations.wake import wake
from webhooks.models import Heartbeat

log = structlog.get_logger("webhooks")


@shared_task(ignore_result=True, name="webhooks.drain")
def drain() -> int:
    """Process the deliveries that are due, for a while."""
    from webhooks.processing.drain import take_turn

    return take_turn()


@shared_task(ignore_result=True, name="webhooks.recall")
def recall() -> int:
    """Bring back the deliveries that wait behind nothing."""
    from webhooks.processing.order import recall

    if found := recall(timezone.now()):
        log.warning("order.recalled", deliveries=found)
        wake_drain()
    return found


@shared_task(ignore_result=True, name="webhooks.relay")
def relay() -> int:
    """Hand the outbox's events to their sinks, for a while."""
    from webhooks.outbox.relay import take_turn

    return take_turn()


@shared_task(ignore_result=True, name="webhooks.send")
def send() -> None:
    """Have this process's sender look for messages to customers' endpoints that are due."""
    from webhooks.endpoints.sender import sender

    sender.nudge()


@shared_task(ignore_result=True, name="webhooks.resend")
def resend() -> int:
    """Queue what was ordered to be sent again to customers' endpoints, for a while."""
    from webhooks.endpoints.requeueing import take_turn

    return take_turn()


@shared_task(ignore_result=True, name="webhooks.trim_messages")
def trim_messages() -> int:
    """Delete what was sent to endpoints longer ago than the log is kept."""
    from webhooks.endpoints.trimming import trim

    return trim(timezone.now())


@shared_task(ignore_result=True, name="webhooks.listen")
def listen() -> int:
    """Find the sources that have been silent for too long."""
    from webhooks.watch.listening import listen

    return listen(timezone.now())


@shared_task(ignore_result=True, name="webhooks.purge")
def purge() -> int:
    """Let go of what has been kept long enough."""
    from webhooks.api import idempotency
    from webhooks.inbox.retention import purge
    from webhooks.processing import failures

    now = timezone.now()
    return purge(now) + failures.trim(now) + idempotency.trim(now)


@shared_task(ignore_result=True, name="webhooks.heal")
def heal() -> None:
    """Have every source compared with its vendor's list, each by a task of its own, so that none waits for another."""
    from webhooks.healing.archives import healable

    for source in healable():
        wake_heal(source)


@shared_task(ignore_result=True, name="webhooks.heal_source")
def heal_source(source: str, early: bool = False, person: int | None = None) -> str | None:
    """One run for one source; what is left of it goes on at once in the next."""
    from webhooks.healing.run import heal

    asked = get_user_model().objects.filter(pk=person).first() if person else None
    search = heal(source, timezone.now(), early=early, who=str(asked or ""))
    if search is None:
        return None
    if not search.finished_at and not search.error:
        wake_heal(source)
    return f"{source}: {search.missing} missing, {search.recovered} recovered" if search.missing else None


@shared_task(ignore_result=True, name="webhooks.beat")
def beat() -> None:
    """Show that scheduler, broker and worker are alive."""
    Heartbeat.objects.update_or_create(name="worker", defaults={"at": timezone.now()})


def wake_drain() -> None:
    wake(drain)


def wake_relay() -> None:
    wake(relay)


def wake_send() -> None:
    wake(send)


def wake_resend() -> None:
    wake(resend)


def wake_heal(source: str, *, early: bool = False, person: int | None = None) -> None:
    """Have one source compared soon; `early` does not wait until a vendor that refused is asked again."""
    wake(heal_source, source, early=early, person=person)
