"""The border's own chores."""

from celery import shared_task


@shared_task(ignore_result=True, name="integrations.trim_calls")
def trim_calls() -> int:
    """Let go of the records of calls that have been kept long enough."""
    from integrations.callstore import trim

    return trim()
