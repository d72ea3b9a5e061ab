"""Pins that outlive a result's row, and which folder the index is of.

The memory that single results took was read by nobody; `StepTiming` keeps the most of each kind.
"""

from django.db import migrations, models

_KEEP_PINS = """
INSERT INTO analysis_steppin (identity) SELECT identity FROM analysis_cachedstep WHERE pinned
"""
_PIN_ROWS = """
UPDATE analysis_cachedstep SET pinned = true WHERE identity IN (SELECT identity FROM analysis_steppin)
"""


class Migration(migrations.Migration):
    dependencies = [("analysis", "0003_breadth_of_steps")]

    operations = [
        migrations.CreateModel(
            "StepPin",
            [("identity", models.CharField(max_length=64, primary_key=True, serialize=False))],
        ),
        migrations.CreateModel(
            "CacheFolder",
            [
                (
                    "number",
                    models.PositiveSmallIntegerField(
                        default=1, primary_key=True, serialize=False
                    ),
                ),
                (
                    "marker",
                    models.CharField(
                        help_text="What the folder holds (`Cache.marker`).", max_length=100
                    ),
                ),
            ],
        ),
        migrations.RunSQL(_KEEP_PINS, _PIN_ROWS),
        migrations.RemoveField("cachedstep", "pinned"),
        migrations.RemoveField("cachedstep", "peak_memory"),
    ]
