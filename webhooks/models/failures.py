"""The tries at a delivery that failed, of which the delivery itself keeps the last alone."""

from django.db import models
from django.utils import timezone


class FailedTry(models.Model):
    """One failed try at processing: its number, when it ended, and its traceback."""

    delivery_id = models.BigIntegerField()
    number = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now, db_index=True)
    error = models.TextField()

    class Meta:
        verbose_name_plural = "failed tries"
        indexes = [models.Index(fields=["delivery_id", "at"], name="failedtry_delivery")]

    def __str__(self) -> str:
        return f"{self.delivery_id}, try {self.number}"

    @property
    def reason(self) -> str:
        """The last line of the traceback."""
        return self.error.strip().rpartition("\n")[2]
