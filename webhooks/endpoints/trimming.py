"""The log of endpoints is kept for a while; what is not done is kept until it is."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from webhooks.models import Endpoint, Message, Resend

BATCH = 1000
AT_REST = (Endpoint.State.DISABLED, Endpoint.State.PAUSED)


def trim(now: datetime) -> int:
    """Delete messages, with their tries, that were done longer than `ENDPOINT_LOG_DAYS` ago; returns how many.

    What waits for an endpoint that has been disabled or paused for as long goes too: nobody has come back for it.
    """
    before = now - timedelta(days=settings.ENDPOINT_LOG_DAYS)
    Resend.objects.filter(finished_at__lt=before).delete()
    given_up = Q(state=Message.State.WAITING, endpoint__state__in=AT_REST, endpoint__since__lt=before)
    return delete(Q(done_at__lt=before)) + delete(given_up & Q(created_at__lt=before))


def delete(which: Q) -> int:
    """Delete these messages with their tries, a few at a time; returns how many."""
    # Nobody reads what they said: there may be one that cannot be read.
    old, count = Message.objects.filter(which).only("pk"), 0
    while batch := list(old.values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            # Asked again: one that is sent anew since has no end any more.
            count += old.filter(pk__in=batch).delete()[1].get(Message._meta.label, 0)
    return count
