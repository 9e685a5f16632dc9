"""What staff have decided about a source: how long its bodies are kept, and what of them is never stored."""

import re

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

LONGEST = 3650  # days
MOST_PATHS = 50
_PATH = re.compile(r"[^.\s\x00]+(\.[^.\s\x00]+)*")


def usual_days() -> int:
    """For how many days the contents of a delivery are kept where no rule says otherwise."""
    return settings.PATCHBAY_KEEP_DAYS


def require_paths(value: object) -> None:
    """`ValidationError` unless it is a list of dotted paths such as `data.object.email` or `items.*.name`."""
    if not isinstance(value, list) or len(value) > MOST_PATHS:
        raise ValidationError(f"A list of up to {MOST_PATHS} dotted paths is needed.")
    for path in value:
        if not isinstance(path, str) or len(path) > 255 or not _PATH.fullmatch(path):
            raise ValidationError(f"{path!r} is no dotted path such as data.object.email or items.*.name.")


class SourceRule(models.Model):
    """The rule for one source, a plug-in or a custom one; without a rule the settings hold and nothing is redacted.

    It holds for what arrives from now on, in every process within five seconds.
    """

    slug = models.SlugField("source", max_length=40, unique=True)
    keep_days = models.PositiveSmallIntegerField(
        default=usual_days,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST)],
        help_text="For so many days after their arrival bodies and headers are kept.",
    )
    redactions = models.JSONField(
        default=list,
        blank=True,
        validators=[require_paths],
        help_text='Dotted paths of what is replaced before a body is stored, such as ["data.object.email", '
        '"items.*.name"]. Our own processing sees the replacement too.',
    )

    class Meta:
        ordering = ["slug"]

    def clean(self) -> None:
        # An empty field of a form is None.
        self.redactions = self.redactions or []

    def __str__(self) -> str:
        return f"{self.slug}: {self.keep_days} days"
