"""Fencing numbers come from one sequence, so that a later lease always has the higher one."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("analysis", "0001_cache_index")]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE analysis_fence", "DROP SEQUENCE analysis_fence")
    ]
