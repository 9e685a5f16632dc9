"""An endpoint that was disabled is well again: it is resumed, and told what it has missed."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from webhooks.endpoints import resending, services
from webhooks.models import Endpoint, Message, Resend

MARGIN = timedelta(minutes=1)  # what is just about to become too old is left where it is


def missed_since(endpoint: Endpoint, now: datetime) -> datetime:
    """Since when a disabled endpoint has missed what happened: the oldest event whose tries failed since it began to
    fail, or that time itself.
    """
    began = endpoint.failing_since or endpoint.since
    failed = endpoint.messages.filter(state=Message.State.FAILED, sample__isnull=True, log__at__gte=began)
    oldest = failed.aggregate(at=Min("event__at"))["at"] or began
    return max(min(began, oldest), now - timedelta(days=settings.ENDPOINT_LOG_DAYS) + MARGIN)


@transaction.atomic
def recover(endpoint: Endpoint) -> Resend:
    """Resume it, and order that everything that did not arrive since it began to fail is sent again.

    Those that were still waiting are not among them: they go on by themselves.
    """
    since = missed_since(endpoint, timezone.now())
    return resending.resend_since(services.resume(endpoint), since)
