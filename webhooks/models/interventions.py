"""What people did to deliveries and sources: who, when, to which, and why."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class Intervention(models.Model):
    """One thing that a person did; never changed afterwards, but for `count`, which an export knows at its end.

    `query` is the search that chose the deliveries, empty when they were picked one by one.
    """

    class Kind(models.TextChoices):
        REPLAY = "replay", "replayed"
        SET_ASIDE = "set_aside", "set aside"
        EXPORT = "export", "exported"
        REVEAL = "reveal", "shown unmasked"
        RULE = "rule", "rule changed"
        SOURCE = "source", "source changed"

    class Via(models.TextChoices):
        CONSOLE = "console"
        ADMIN = "admin"
        API = "api"
        COMMAND = "command"

    REASON = 300

    kind = models.CharField(max_length=10, choices=Kind)
    via = models.CharField(max_length=10, choices=Via)
    who = models.CharField(max_length=254)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    query = models.CharField(max_length=1000, blank=True)
    reason = models.CharField(max_length=REASON, blank=True)
    count = models.PositiveIntegerField(default=0)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.count} by {self.who}"


class Touched(models.Model):
    """A delivery that an intervention was about; by its number, for it outlives the row."""

    intervention = models.ForeignKey(Intervention, on_delete=models.CASCADE, related_name="touched")
    delivery_id = models.BigIntegerField(db_index=True)

    class Meta:
        verbose_name_plural = "touched"

    def __str__(self) -> str:
        return f"{self.intervention_id}: {self.delivery_id}"
