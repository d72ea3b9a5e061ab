"""How long a job is likely to run, and for which parameters this was said."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('uws', '0005_ended_jobs'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='job',
            name='quote',
        ),
        migrations.AddField(
            model_name='job',
            name='quoted_for',
            field=models.CharField(help_text='Digest of the parameters that this was told for.', max_length=64, null=True),
        ),
        migrations.AddField(
            model_name='job',
            name='quoted_s',
            field=models.FloatField(help_text='Seconds that its run is likely to take; none where nobody can tell.', null=True),
        ),
    ]
