"""What vendors said, kept until it has its effect and for a while after."""

from django.db import models
from django.utils import timezone

PENDING = models.Q(state="pending")
# The fields of a fact by which it names a thing of ours.
NAMES = ("reference", "attempt", "mail")


class Delivery(models.Model):
    """That a vendor said something, once per (source, external id); what it said is its `Contents`.

    The narrow row outlives them, so that what comes again much later is still known.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        HANDLED = "handled"
        IGNORED = "ignored"
        DEAD = "dead"

    source = models.SlugField(max_length=40, db_index=False)  # `delivery_once` begins with it
    external_id = models.CharField(max_length=255)
    kind = models.CharField(max_length=255)
    object_key = models.CharField(max_length=255, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    received_at = models.DateTimeField(default=timezone.now, db_index=True)
    expires_on = models.DateField()
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
            # What is due of a source, and which of an object's deliveries is first: no larger than the backlog.
            models.Index(fields=["source", "due_at", "id"], condition=PENDING, name="delivery_due_of_source"),
            models.Index(
                fields=["source", "object_key", "id"],
                condition=PENDING & ~models.Q(object_key=""),
                name="delivery_next_of_object",
            ),
            models.Index(fields=["object_key"], name="delivery_object"),
            models.Index(fields=["source", "id"], name="delivery_source"),
            models.Index(fields=["request_id"], name="delivery_request"),
            models.Index(fields=["id"], condition=models.Q(state="dead"), name="delivery_dead"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.kind} {self.external_id}"

    @property
    def reason(self) -> str:
        """The last line of the error: of a traceback, what went wrong."""
        return self.error.strip().rpartition("\n")[2]
