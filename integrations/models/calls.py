"""What became of calls to vendors: the failed ones in full, all of them as counts per minute."""

from django.db import models
from django.utils import timezone


class CallFailure(models.Model):
    """One attempt that failed. `status` is null when nothing was answered; `excerpt` is safe to show to staff."""

    EXCERPT = 500

    vendor = models.CharField(max_length=40)
    operation = models.CharField(max_length=100)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    outcome = models.CharField(max_length=40)
    latency_ms = models.PositiveIntegerField()
    attempt = models.PositiveSmallIntegerField(default=1)
    request_id = models.CharField(max_length=64, blank=True, db_index=True)
    excerpt = models.CharField(max_length=EXCERPT, blank=True)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        indexes = [models.Index(fields=["vendor", "-at"], name="callfailure_recent")]

    def __str__(self) -> str:
        return f"{self.vendor} {self.operation}: {self.outcome}"


class CallCount(models.Model):
    """How many attempts at a vendor within a minute (UTC) ended well or not, in at most `bucket_ms` milliseconds."""

    vendor = models.CharField(max_length=40)
    minute = models.DateTimeField()
    ok = models.BooleanField()
    bucket_ms = models.PositiveIntegerField()
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["vendor", "minute", "ok", "bucket_ms"], name="callcount_once"),
        ]
        indexes = [models.Index(fields=["minute"], name="callcount_minute")]

    def __str__(self) -> str:
        return f"{self.vendor} {self.minute:%H:%M} {'ok' if self.ok else 'failed'} ≤ {self.bucket_ms} ms: {self.count}"
