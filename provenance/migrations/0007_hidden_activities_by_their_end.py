"""Retention looks for the oldest hidden activities every few minutes, among any number of public."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("provenance", "0006_locations_by_their_beginning")]

    operations = [
        migrations.AddIndex(
            model_name="activity",
            index=models.Index(
                condition=models.Q(("public", False), ("status__isnull", False)),
                fields=["end_time"],
                name="provenance_activity_hidden",
            ),
        ),
    ]
