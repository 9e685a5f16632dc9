"""How fast endpoints are sent to, and orders that go with their endpoint."""

from typing import Any

import django.core.validators
from django.conf import settings
from django.db import migrations, models

# Whose code knows no orders yet, while a release is rolled out, deletes endpoints too.
REFER = """
DO $$ DECLARE name text; BEGIN
  SELECT conname INTO STRICT name FROM pg_constraint WHERE conrelid = 'webhooks_resend'::regclass AND contype = 'f';
  EXECUTE format('ALTER TABLE webhooks_resend DROP CONSTRAINT %I, ADD CONSTRAINT %I FOREIGN KEY (endpoint_id)
    REFERENCES webhooks_endpoint (id) ON DELETE {} DEFERRABLE INITIALLY DEFERRED', name, name);
END $$
"""


# Each lock is waited for so long at most, and with it whoever comes after us; given up, all of this is done again.
PATIENCE = "2s"


def hurry(_apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")


def cascade(_apps: Any, schema_editor: Any) -> None:
    _refer(schema_editor, "CASCADE")


def refuse(_apps: Any, schema_editor: Any) -> None:
    _refer(schema_editor, "NO ACTION")


def _refer(schema_editor: Any, deletion: str) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(REFER.format(deletion), params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("webhooks", "0009_resends"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(hurry, migrations.RunPython.noop),
        migrations.AddField(
            model_name="endpoint",
            name="next_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="endpoint",
            name="rate",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="At most so many messages a second; null for no limit.",
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(1000),
                ],
            ),
        ),
        migrations.RunPython(cascade, refuse),
        migrations.RunPython(migrations.RunPython.noop, hurry),  # the first of what is taken back
    ]
