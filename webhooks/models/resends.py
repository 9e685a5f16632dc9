"""What was ordered to be sent again to an endpoint, and how far that has got."""

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Resend(models.Model):
    """One order to send again everything since a time that did not arrive, or with `delivered_too` everything.

    `messages` is how many are queued so far. `message` and `event` are the ids up to which log and outbox have been
    gone through, from the id after which `since` begins in the outbox; `last_event` is where the outbox ended when it
    was ordered: what came later comes by itself.
    """

    endpoint = models.ForeignKey("webhooks.Endpoint", on_delete=models.CASCADE, related_name="resends")
    since = models.DateTimeField()
    delivered_too = models.BooleanField(default=False)
    messages = models.PositiveIntegerField(default=0)
    message = models.BigIntegerField(default=0)
    event = models.BigIntegerField(default=0)
    last_event = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["id"], condition=Q(finished_at=None), name="resend_open")]

    def __str__(self) -> str:
        return f"{self.endpoint_id} since {self.since}"
