"""Celery's side of the inbox and the outbox: wake-ups after a commit, and the sweep that finds what was left behind."""

from celery import shared_task
from django.utils import timezone

from integrations.wake import wake
from webhooks.models import Heartbeat


@shared_task(ignore_result=True, name="webhooks.drain")
def drain() -> int:
    """Process the deliveries that are due."""
    from webhooks.processing import drain

    return drain()


@shared_task(ignore_result=True, name="webhooks.relay")
def relay() -> int:
    """Hand the outbox's events to their sinks."""
    from webhooks.relay import relay

    return relay()


@shared_task(ignore_result=True, name="webhooks.listen")
def listen() -> int:
    """Find the sources that have been silent for too long."""
    from webhooks.listening import listen

    return listen(timezone.now())


@shared_task(ignore_result=True, name="webhooks.beat")
def beat() -> None:
    """Show that scheduler, broker and worker are alive."""
    Heartbeat.objects.update_or_create(name="worker", defaults={"at": timezone.now()})


def wake_drain() -> None:
    wake(drain)


def wake_relay() -> None:
    wake(relay)
