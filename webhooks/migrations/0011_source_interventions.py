"""What is done to a custom source is an intervention."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0010_rates")]

    operations = [
        migrations.AlterField(
            model_name="intervention",
            name="kind",
            field=models.CharField(
                choices=[
                    ("replay", "replayed"),
                    ("set_aside", "set aside"),
                    ("export", "exported"),
                    ("reveal", "shown unmasked"),
                    ("rule", "rule changed"),
                    ("source", "source changed"),
                ],
                max_length=10,
            ),
        ),
    ]
