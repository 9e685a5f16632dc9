"""What was compared with the vendors' own lists, and what was found missing."""

from django.db import models
from django.utils import timezone


class Watermark(models.Model):
    """How far one source has been compared: whatever its vendor sent before `reached` is here, or is in a `Gap`.

    `leased_until` and `attempts` keep a second run out; `failures` counts those in a row that came to nothing, and
    `due_at` is when it is tried again. `skew` is how many seconds the vendor's clock was ahead of ours.
    """

    source = models.SlugField(max_length=40, primary_key=True)
    begun_at = models.DateTimeField(default=timezone.now)
    reached = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(default=timezone.now)
    leased_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    skew = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.source} until {self.reached}"


class Search(models.Model):
    """One comparison, from `since` to `until` by the vendor's clock; over several runs where one is not enough.

    `cursor` is where the vendor's list goes on, `listed_at` when its end was seen. `error` is why the last run of it
    ended early; a search that is finished has none.
    """

    source = models.SlugField(max_length=40)
    since = models.DateTimeField()
    until = models.DateTimeField()
    cursor = models.CharField(max_length=1000, blank=True)
    listed = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)
    recovered = models.PositiveIntegerField(default=0)
    lost = models.PositiveIntegerField(default=0)
    code = models.CharField(max_length=40, blank=True)
    error = models.CharField(max_length=500, blank=True)
    remark = models.CharField(max_length=255, blank=True)
    who = models.CharField(max_length=254, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    listed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "searches"
        indexes = [models.Index(fields=["source", "-id"], name="search_source")]
        constraints = [
            # The second of two that begin one finds the first's.
            models.UniqueConstraint(
                fields=["source"], condition=models.Q(finished_at__isnull=True), name="search_open_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.since:%Y-%m-%d %H:%M} – {self.until:%Y-%m-%d %H:%M}"


class Gap(models.Model):
    """A webhook that was sent and is not here, and what became of it; `handle` is how the vendor's list calls it."""

    class Outcome(models.TextChoices):
        OPEN = "open", "not fetched yet"
        RECOVERED = "recovered"
        ARRIVED = "arrived", "arrived meanwhile"
        GONE = "gone", "gone at the vendor"
        UNREADABLE = "unreadable", "cannot be read"

    search = models.ForeignKey(Search, on_delete=models.CASCADE, related_name="gaps", db_index=False)
    external_id = models.CharField(max_length=255)
    kind = models.CharField(max_length=255)
    sent_at = models.DateTimeField()
    handle = models.CharField(max_length=255)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.OPEN)
    words = models.CharField(max_length=255, blank=True)
    delivery_id = models.BigIntegerField(null=True, blank=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["search", "external_id"], name="gap_once")]
        indexes = [
            models.Index(fields=["search", "sent_at", "id"], condition=models.Q(outcome="open"), name="gap_open")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.external_id}: {self.outcome}"
