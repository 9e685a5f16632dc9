"""Where a time is found in the outbox: an index that is built while others publish."""

from typing import Any

from django.db import migrations, models

INDEX = models.Index(fields=["at"], name="outbox_at")


def build(apps: Any, schema_editor: Any) -> None:
    drop(apps, schema_editor)  # what a build that was interrupted has left is no index, and in the way of one
    schema_editor.add_index(apps.get_model("webhooks", "OutboxEvent"), INDEX, **_beside_writers(schema_editor))


def drop(_apps: Any, schema_editor: Any) -> None:
    schema_editor.execute(f"DROP INDEX {'CONCURRENTLY' if _beside_writers(schema_editor) else ''} IF EXISTS outbox_at")


def _beside_writers(schema_editor: Any) -> dict[str, bool]:
    return {"concurrently": True} if schema_editor.connection.vendor == "postgresql" else {}


class Migration(migrations.Migration):
    atomic = False  # PostgreSQL builds nothing concurrently in a transaction
    dependencies = [("webhooks", "0011_source_interventions")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(build, drop)],
            state_operations=[migrations.AddIndex(model_name="outboxevent", index=INDEX)],
        ),
    ]
