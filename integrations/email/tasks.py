"""The wake-up and the sweep of the mail outbox."""

from celery import shared_task

from integrations.wake import wake


@shared_task(ignore_result=True, name="integrations.email.carry")
def carry() -> int:
    """Send the mails that are due."""
    from integrations.email.services import carry

    return carry()


def wake_carry() -> None:
    wake(carry)
