"""Celery's side of realtime: forgetting what is too old to resume from."""

from celery import shared_task

from realtime import services


@shared_task(ignore_result=True, name="realtime.trim")
def trim() -> int:
    """Forget events that nobody can resume from any more."""
    return services.trim()
