"""How vendors are: what was found when each was asked, what went wrong and when, and what staff ordered about it."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class State(models.TextChoices):
    """What a vendor's state is called. Late is not down: it answers, and its webhooks are overdue."""

    NEW = "new"
    UP = "up"
    LATE = "late"
    DEGRADED = "degraded"
    DOWN = "down"
    PAUSED = "paused"


class VendorHealth(models.Model):
    """The last that is known of one vendor. `failures` counts probes that failed in a row; `code` is the last one's."""

    vendor = models.SlugField(max_length=40, primary_key=True)
    state = models.CharField(max_length=10, choices=State, default=State.NEW)
    since = models.DateTimeField(default=timezone.now)
    first_at = models.DateTimeField(default=timezone.now)
    checked_at = models.DateTimeField(null=True)
    last_good_at = models.DateTimeField(null=True)
    heard_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    code = models.CharField(max_length=40, blank=True)

    class Meta:
        verbose_name_plural = "vendors' health"

    def __str__(self) -> str:
        return f"{self.vendor} is {self.state}"


class Incident(models.Model):
    """What was wrong, from when to when, and when staff were told of it (`told_at`) and of its end (`end_told_at`).

    The latter is set, too, once the end is not worth telling any more.
    """

    class Kind(models.TextChoices):
        DOWN = "down"
        DEGRADED = "degraded"
        LATE = "late"
        SILENT = "silent"
        GAP = "gap"

    vendor = models.SlugField(max_length=40)
    kind = models.CharField(max_length=10, choices=Kind)
    code = models.CharField(max_length=40)
    cause = models.TextField()
    remedy = models.TextField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    end_told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["vendor", "kind"], condition=models.Q(closed_at__isnull=True), name="incident_open_once"
            )
        ]
        indexes = [models.Index(fields=["vendor", "-opened_at"], name="incident_vendor_opened")]

    def __str__(self) -> str:
        return f"{self.vendor} {self.kind}: {self.cause}"


class BreakerOrder(models.Model):
    """What staff ordered, and why. Rows are only ever added: the newest is in force, all of them are the audit."""

    class Mode(models.TextChoices):
        AUTO = "auto", "automatic"
        OPEN = "open", "hold open: send nothing"
        CLOSED = "closed", "hold closed: send everything"
        DISABLED = "disabled", "disabled: send everything, count nothing"
        WATCH = "watch", "watch only: count, and refuse nothing"
        PAUSE = "pause", "pause the probes"
        RESUME = "resume", "resume the probes"

    vendor = models.SlugField(max_length=40)
    mode = models.CharField(max_length=10, choices=Mode)
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["vendor", "-at"], name="order_vendor_at")]

    def __str__(self) -> str:
        return f"{self.vendor} {self.mode}: {self.reason}"
