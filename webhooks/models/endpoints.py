"""Where customers want to be told: their endpoints, what signs for them, and every message on its way there."""

import uuid
from datetime import datetime
from secrets import token_hex

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

FASTEST = 1000  # messages a second that a rate may be: what is faster needs none


def _new_id() -> str:
    return f"ep_{token_hex(12)}"


class Endpoint(models.Model):
    """One address of a customer, and what it is told.

    `failing_since` and `failures` speak of the time since the last success; `notices` is how many warnings of that
    time have been given. `since` is when the state began, `reason` why, where we were the ones who ended it.
    `next_at` is before when nothing is sent, lest it be more than `rate` messages a second.
    """

    class State(models.TextChoices):
        ENABLED = "enabled"
        PAUSED = "paused"
        DISABLED = "disabled"

    class Payload(models.TextChoices):
        FULL = "full"
        THIN = "thin"

    class Scheme(models.TextChoices):
        HMAC = "v1", "v1 (HMAC-SHA256)"
        ED25519 = "v1a", "v1a (Ed25519)"

    uid = models.CharField(max_length=32, unique=True, default=_new_id, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhook_endpoints")
    url = models.CharField(max_length=2048)
    description = models.CharField(max_length=255, blank=True)
    events = models.JSONField(default=list)
    all_users = models.BooleanField(default=False, help_text="Is told of everybody's events; for staff only.")
    payload = models.CharField(max_length=8, choices=Payload, default=Payload.FULL)
    ordered = models.BooleanField(default=False, help_text="One message at a time, the next only once it is done.")
    rate = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(FASTEST)],
        help_text="At most so many messages a second; null for no limit.",
    )
    next_at = models.DateTimeField(null=True, editable=False)
    scheme = models.CharField(max_length=4, choices=Scheme, default=Scheme.HMAC)
    state = models.CharField(max_length=10, choices=State, default=State.ENABLED)
    reason = models.CharField(max_length=255, blank=True)
    since = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)
    failing_since = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    notices = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["all_users"], condition=Q(all_users=True), name="endpoint_all_users")]

    def __str__(self) -> str:
        return f"{self.uid} {self.url}"


class EndpointSecret(models.Model):
    """A secret that signs for an endpoint, sealed; one that was replaced signs along until it expires."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="secrets")
    sealed = models.TextField(help_text="Sealed with a key derived from SECRET_KEY.")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"a secret of {self.endpoint_id}"

    def is_live(self, now: datetime) -> bool:
        """Whether it still signs."""
        return self.expires_at is None or self.expires_at > now


class Message(models.Model):
    """One event on its way to one endpoint; `uid` is the event's, and the webhook-id of every try.

    `attempts` counts the claims and is the fence of `integrations.claims`; `tries` counts those of the present run
    that came to an end, and is the place in the schedule. A test has no event: `sample` is what it says.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        DELIVERED = "delivered"
        FAILED = "failed"

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="messages", db_index=False)
    event = models.ForeignKey(
        "webhooks.OutboxEvent", null=True, on_delete=models.PROTECT, related_name="messages", editable=False
    )
    uid = models.UUIDField(default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    sample = models.JSONField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    tries = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=255, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["endpoint", "uid"], name="message_once")]
        indexes = [
            models.Index(fields=["endpoint", "due_at", "id"], condition=Q(state="waiting"), name="message_due"),
            models.Index(fields=["endpoint", "id"], condition=Q(state="waiting"), name="message_order"),
            models.Index(fields=["endpoint", "id"], name="message_log"),
            models.Index(fields=["done_at"], condition=Q(done_at__isnull=False), name="message_done"),
        ]

    def __str__(self) -> str:
        return f"{self.name} → {self.endpoint_id}"

    @property
    def is_test(self) -> bool:
        return self.event_id is None


class Attempt(models.Model):
    """One try at an endpoint that came to an end. A number that is missing was cut off: its process died.

    `status` is None where there was no answer; `code` is empty for a success, `words` say what went wrong.
    """

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="log")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    ms = models.FloatField()
    url = models.CharField(max_length=2048)
    address = models.GenericIPAddressField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    code = models.CharField(max_length=40, blank=True)
    words = models.CharField(max_length=255, blank=True)
    request_headers = models.JSONField(default=dict)
    response_headers = models.JSONField(default=dict)
    response_body = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "number"], name="attempt_once")]
        ordering = ["number"]

    def __str__(self) -> str:
        return f"try {self.number} of {self.message_id}: {self.status or self.code}"

    @property
    def ok(self) -> bool:
        return not self.code
