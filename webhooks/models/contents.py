"""What a delivery came with, apart from the delivery because it is large and is kept for a shorter time."""

from django.db import models

from webhooks.models.deliveries import Delivery


class Contents(models.Model):
    """The raw body and the headers of a delivery, until `expires_on` has passed.

    On PostgreSQL the table is partitioned by that day, and a day that has passed is dropped in one piece. Read it
    through `webhooks.inbox.contents`, which names the day: asking by the delivery alone looks into every partition.
    """

    pk = models.CompositePrimaryKey("expires_on", "delivery_id")
    expires_on = models.DateField()
    # No constraint: it would cost every arrival a look-up, and both rows are written in one statement. They expire by
    # themselves, so whoever deletes a delivery does not look for them in every partition.
    delivery = models.ForeignKey(
        Delivery, on_delete=models.DO_NOTHING, related_name="contents", db_constraint=False, db_index=False
    )
    headers = models.JSONField(default=dict)
    body = models.BinaryField()

    class Meta:
        verbose_name_plural = "contents"

    def __str__(self) -> str:
        return f"contents of {self.delivery_id} until {self.expires_on}"
