"""Bodies and headers leave the deliveries for a table of their own, which PostgreSQL partitions by day."""

import datetime as dt
from typing import Any

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import webhooks.models.rules

# Whatever is old already stays for a week more: time to have a look before the first purge.
GRACE = 7
AHEAD = 7

PARTITIONED = """
CREATE TABLE webhooks_contents (
    expires_on date NOT NULL,
    delivery_id bigint NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (expires_on, delivery_id)
) PARTITION BY RANGE (expires_on)
"""
DAY = "CREATE TABLE webhooks_contents_{0:%Y%m%d} PARTITION OF webhooks_contents FOR VALUES FROM ('{0}') TO ('{1}')"
EXPIRE = {
    "postgresql": "UPDATE webhooks_delivery SET expires_on = "
    "greatest((received_at AT TIME ZONE 'UTC')::date + %s, current_date + %s)",
    "sqlite": "UPDATE webhooks_delivery SET expires_on = "
    "max(date(received_at, '+' || %s || ' days'), date('now', '+' || %s || ' days'))",
}
MOVE_OUT = """
INSERT INTO webhooks_contents (expires_on, delivery_id, headers, body)
SELECT expires_on, id, headers, body FROM webhooks_delivery
"""
MOVE_BACK = """
UPDATE webhooks_delivery SET headers = kept.headers, body = kept.body FROM webhooks_contents AS kept
WHERE kept.delivery_id = webhooks_delivery.id AND kept.expires_on = webhooks_delivery.expires_on
"""


class CreateContents(migrations.CreateModel):
    """The table as the model has it; on PostgreSQL partitioned, with a partition for what no other one takes."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            return super().database_forwards(app_label, schema_editor, from_state, to_state)
        schema_editor.execute(PARTITIONED)
        schema_editor.execute("CREATE TABLE webhooks_contents_default PARTITION OF webhooks_contents DEFAULT")


def move_out(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(EXPIRE[schema_editor.connection.vendor], [settings.PATCHBAY_KEEP_DAYS, GRACE])
        if schema_editor.connection.vendor == "postgresql":
            for day in _days(apps):
                cursor.execute(DAY.format(day, day + dt.timedelta(days=1)))
        cursor.execute(MOVE_OUT)


def _days(apps: Any) -> set[dt.date]:
    """Those of the rows that are there, and of those that will arrive in the next days."""
    first = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=settings.PATCHBAY_KEEP_DAYS)
    kept = apps.get_model("webhooks", "Delivery").objects.order_by().values_list("expires_on", flat=True).distinct()
    return {first + dt.timedelta(days=number) for number in range(AHEAD + 1)} | set(kept)


def move_back(_apps: Any, schema_editor: Any) -> None:
    """A body that is no longer kept comes back empty."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(MOVE_BACK)


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0002_arrival_hour")]

    operations = [
        migrations.CreateModel(
            name="SourceRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(max_length=40, unique=True, verbose_name="source")),
                (
                    "keep_days",
                    models.PositiveSmallIntegerField(
                        default=webhooks.models.rules.usual_days,
                        help_text="For so many days after their arrival bodies and headers are kept.",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(3650),
                        ],
                    ),
                ),
                (
                    "redactions",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="Dotted paths of what is replaced before a body is stored, such as "
                        '["data.object.email", "items.*.name"]. Our own processing sees the replacement too.',
                        validators=[webhooks.models.rules.require_paths],
                    ),
                ),
            ],
            options={"ordering": ["slug"]},
        ),
        migrations.AddField("delivery", "expires_on", models.DateField(null=True)),
        CreateContents(
            name="Contents",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "expires_on", "delivery_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("expires_on", models.DateField()),
                ("headers", models.JSONField(default=dict)),
                ("body", models.BinaryField()),
                (
                    "delivery",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="contents",
                        to="webhooks.delivery",
                    ),
                ),
            ],
            options={"verbose_name_plural": "contents"},
        ),
        # Going back, the column must be there before its values are.
        migrations.AlterField("delivery", "body", models.BinaryField(default=b"")),
        migrations.RunPython(move_out, move_back),
        migrations.AlterField("delivery", "expires_on", models.DateField()),
        migrations.AlterField("delivery", "source", models.SlugField(db_index=False, max_length=40)),
        migrations.RemoveField("delivery", "body"),
        migrations.RemoveField("delivery", "headers"),
    ]
