"""How many Science Windows a result joins, by which its cost is judged."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("analysis", "0002_fencing_numbers")]

    operations = [
        migrations.AddField(
            "cachedstep",
            "breadth",
            models.PositiveIntegerField(
                help_text="Inputs of its role that has most of them: Science Windows joined.",
                null=True,
            ),
        ),
    ]
