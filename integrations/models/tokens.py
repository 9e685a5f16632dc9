"""The tokens that vendors grant us: sealed, and renewed by one caller at a time."""

from datetime import datetime

from django.db import models
from django.utils import timezone


class ProviderToken(models.Model):
    """What one vendor granted for one account of ours. `integrations.http.tokens` alone reads and writes it.

    `generation` counts the grants stored: whoever started from an earlier one has been overtaken. `lease` names the
    one caller that is renewing it, until `leased_until` by the database's clock. After a failure `error_code` and
    `error` say which, and nobody asks before `retry_at`, or, in the state `reconnect`, before a new grant is stored.
    """

    class State(models.TextChoices):
        READY = "ready"
        RECONNECT = "reconnect"

    vendor = models.CharField(max_length=40)
    account = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.READY)
    sealed = models.TextField(blank=True)
    granted_at = models.DateTimeField(null=True, blank=True)
    refresh_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    generation = models.PositiveIntegerField(default=0)
    lease = models.CharField(max_length=32, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    failed_at = models.DateTimeField(null=True, blank=True)
    retry_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["vendor", "account"]
        constraints = [models.UniqueConstraint(fields=["vendor", "account"], name="one_token_an_account")]

    def __str__(self) -> str:
        return f"{self.vendor} {self.account}".strip()

    def standing(self, now: datetime | None = None) -> str:
        """Its state in a word for staff: good, due, expired, failing, none or reconnect."""
        now = now or timezone.now()
        if self.state == self.State.RECONNECT:
            return "reconnect"
        if self.error_code:
            return "failing"
        if self.expires_at is None or self.refresh_at is None:
            return "none"
        if now >= self.expires_at:
            return "expired"
        return "due" if now >= self.refresh_at else "good"
