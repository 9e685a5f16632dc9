"""Senders that staff have set up: who may speak at the door, how they prove it, and who pretended to be them."""

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

SLUG = r"[a-z0-9]+(?:-[a-z0-9]+)*"


class Source(models.Model):
    """A custom source. The slug stands in the sender's settings and in every delivery, so it never changes."""

    class Scheme(models.TextChoices):
        STANDARD = "standard-webhooks", "Standard Webhooks"
        HMAC = "hmac", "HMAC by template"
        BASIC = "basic", "User name and password"
        BEARER = "bearer", "Token in a header"
        NONE = "none", "No proof, known addresses"

    class Format(models.TextChoices):
        JSON = "json", "JSON"
        ANY = "any", "Anything"

    slug = models.CharField(max_length=40, unique=True, validators=[RegexValidator(rf"^{SLUG}\Z")])
    name = models.CharField(max_length=100)
    scheme = models.CharField(max_length=20, choices=Scheme)
    options = models.JSONField(default=dict, blank=True)
    format = models.CharField(max_length=4, choices=Format, default=Format.JSON)
    split = models.BooleanField(default=False)
    id_from = models.JSONField(default=list, blank=True)
    type_from = models.JSONField(default=list, blank=True)
    object_from = models.JSONField(default=list, blank=True)
    ignored = models.JSONField(default=list, blank=True)
    rate = models.PositiveIntegerField(default=0)
    paused = models.BooleanField(default=False)
    # Grows with every change, the secrets' included: by it the processes notice one.
    version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug


class SourceSecret(models.Model):
    """One secret of a source, sealed; several are good at once while it is being rotated."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="secrets")
    sealed = models.TextField()
    hint = models.CharField(max_length=8)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.hint


class ForgeryHour(models.Model):
    """How many requests of an hour pretended to be a source, and what the last ones looked like; never a body."""

    source = models.CharField(max_length=40)
    hour = models.DateTimeField(db_index=True)
    count = models.PositiveBigIntegerField(default=0)
    reason = models.CharField(max_length=200)
    sample = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "hour"], name="forgery_hour_once")]

    def __str__(self) -> str:
        return f"{self.source} {self.hour:%Y-%m-%d %H}h: {self.count}"
