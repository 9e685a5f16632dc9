"""The durable side of the border: what vendors said, what we decided, and what of it is still to be done."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone


class Delivery(models.Model):
    """What a vendor said: raw bytes, stored once per (source, external id)."""

    class State(models.TextChoices):
        PENDING = "pending"
        HANDLED = "handled"
        IGNORED = "ignored"
        DEAD = "dead"

    source = models.SlugField(max_length=40)
    external_id = models.CharField(max_length=255)
    kind = models.CharField(max_length=255)
    object_key = models.CharField(max_length=255, blank=True)
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    request_id = models.CharField(max_length=64, blank=True)
    received_at = models.DateTimeField(default=timezone.now, db_index=True)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    handled_at = models.DateTimeField(null=True, blank=True)
    facts = models.JSONField(default=list, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [models.UniqueConstraint(fields=["source", "external_id"], name="delivery_once")]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(state="pending"), name="delivery_due"),
            models.Index(fields=["object_key"], name="delivery_object"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.kind} {self.external_id}"

    @property
    def reason(self) -> str:
        """The last line of the error: of a traceback, what went wrong."""
        return self.error.strip().rpartition("\n")[2]


class OutboxEvent(models.Model):
    """What we decided: written in the transaction of the state it tells of, relayed to every sink afterwards."""

    uid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    about = models.CharField(max_length=100, db_index=True)
    data = models.JSONField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    recipient = models.EmailField(blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(default=timezone.now)

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


class IdempotentRequest(models.Model):
    """The first answer to a person's Idempotency-Key."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.JSONField(null=True)
    started_at = models.DateTimeField(default=timezone.now, db_index=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotent_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.key}"


class Heartbeat(models.Model):
    """The last sign of life of a process that nobody calls."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class ArrivalHour(models.Model):
    """The minutes of one hour in which a source spoke: bit n of `minutes` is the hour's minute n."""

    source = models.SlugField(max_length=40)
    hour = models.DateTimeField(db_index=True)
    minutes = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "hour"], name="arrival_hour_once")]

    def __str__(self) -> str:
        return f"{self.source} {self.hour:%Y-%m-%d %H}h"
