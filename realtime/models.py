"""The log of what each person, and the staff as a whole, have been told: one numbered row per event and stream."""

from secrets import token_hex

from django.db import models
from django.utils import timezone


def new_epoch() -> str:
    """A name for one life of a stream's numbering: a log restored or begun anew has another."""
    return token_hex(4)


class Stream(models.Model):
    """Where a log stands: `seq` is the number of its newest event. Keys are `user:<id>` and `staff`."""

    key = models.CharField(max_length=64, unique=True)
    epoch = models.CharField(max_length=16, default=new_epoch, editable=False)
    seq = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return self.key


class StreamEvent(models.Model):
    """One event in one stream. Numbers have no gaps and ascend in the order of the commits."""

    # The first unique constraint is the index for the stream alone, too.
    stream = models.ForeignKey(Stream, models.CASCADE, related_name="events", db_index=False)
    seq = models.PositiveBigIntegerField()
    event_id = models.CharField(max_length=64)
    name = models.CharField(max_length=100)
    data = models.JSONField()
    at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["stream", "seq"], name="stream_event_seq_once"),
            models.UniqueConstraint(fields=["stream", "event_id"], name="stream_event_id_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} #{self.seq}"
