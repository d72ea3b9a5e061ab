"""A worker's template process, whose session holds all its jobs' processes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("uws", "0002_phase_notification")]

    operations = [
        migrations.AddField(
            model_name="worker",
            name="template_pid",
            field=models.IntegerField(default=0, help_text="The process that jobs are forked from."),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="worker",
            name="template_started",
            field=models.BigIntegerField(default=0),
            preserve_default=False,
        ),
    ]
