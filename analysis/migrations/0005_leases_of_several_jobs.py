"""Which jobs share the run of a lease, which ends with the last of them."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("analysis", "0004_pins_and_cache_folder")]

    operations = [
        migrations.AddField(
            "steplease",
            "jobs",
            ArrayField(
                models.TextField(),
                db_default=[],
                default=list,
                help_text="Those that share the run; never public.",
            ),
        ),
    ]
