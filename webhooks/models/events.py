"""What we decided, and how far it has got."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

LONGEST_ABOUT = 100


class OutboxEvent(models.Model):
    """What we decided: written in the transaction of the state it tells of, relayed to every sink afterwards."""

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    about = models.CharField(max_length=LONGEST_ABOUT, db_index=True)
    data = models.JSONField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    recipient = models.EmailField(blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [
            models.Index(fields=["request_id"], name="outbox_request"),
            models.Index(fields=["at"], name="outbox_at"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.about}"


class Dispatch(models.Model):
    """One event on its way to one sink."""

    event = models.ForeignKey(OutboxEvent, on_delete=models.CASCADE, related_name="dispatches")
    sink = models.CharField(max_length=40)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "dispatches"
        constraints = [models.UniqueConstraint(fields=["event", "sink"], name="dispatch_once")]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(done_at__isnull=True), name="dispatch_due"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} → {self.sink}"
