"""Celery's side of payments: the poller that needs no webhook."""

from celery import shared_task


@shared_task(ignore_result=True, name="payments.reconcile")
def reconcile() -> int:
    """Take up the payment attempts that are due."""
    from payments.services.settlement import reconcile

    return reconcile()
