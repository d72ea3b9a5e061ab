"""A message that is noted again while it is sent must be sent again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("provenance", "0009_software_of_ingests")]

    operations = [
        migrations.AddField(
            model_name="outgoing",
            name="times_noted",
            field=models.IntegerField(db_default=1),
        ),
    ]
