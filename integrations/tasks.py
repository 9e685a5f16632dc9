"""The watch over the vendors by Celery: one task a vendor, so that one that hangs delays nobody."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from integrations.correlation import correlate


@shared_task(ignore_result=True, name="integrations.watch")
def watch() -> None:
    """Have every configured vendor checked, each by a task of its own that is void when the next is due."""
    from integrations import health, incidents

    watched = health.watched()
    incidents.let_go(watched, timezone.now())
    for vendor in watched:
        check.apply_async(args=(vendor,), expires=settings.PROBE_SECONDS, retry=False)


@shared_task(ignore_result=True, name="integrations.check")
def check(vendor: str) -> str | None:
    """Check one vendor; a state that is worth a line in the log is returned."""
    from integrations import health
    from integrations.models import State

    with correlate(""):
        state = health.check(vendor, timezone.now())
    return None if state in (State.UP, State.NEW) else f"{vendor} is {state}"


@shared_task(ignore_result=True, name="integrations.announce")
def announce() -> int:
    """Tell staff what was held back and is due now."""
    from integrations.incidents import announce

    return announce(timezone.now())


@shared_task(ignore_result=True, name="integrations.trim_calls")
def trim_calls() -> int:
    """Let go of the records of calls that have been kept long enough."""
    from integrations.callstore import trim

    return trim()
