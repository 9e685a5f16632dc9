"""Signs of life: of the worker, and of those who speak to us."""

from django.db import models


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
