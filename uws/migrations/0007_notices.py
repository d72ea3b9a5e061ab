"""Who asked for it is told of changes of a job's phase: each is noted where it is made."""

import django.db.models.functions.datetime
from django.db import migrations, models

FORWARDS = """
CREATE FUNCTION uws_note_phase() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO uws_notice (job_id, job_type, run_id, phase, error_message, time, address)
    SELECT NEW.id, NEW.job_type, NEW.run_id, NEW.phase, NEW.error_message, clock_timestamp(),
           address
    FROM jsonb_array_elements_text(NEW.notify) AS address
    -- a letter for the end is enough
    WHERE address NOT LIKE 'mailto:%' OR NEW.phase IN ('COMPLETED', 'ERROR', 'ABORTED');
    RETURN NULL;
END
$$;
CREATE TRIGGER uws_note_phase
    AFTER UPDATE OF phase ON uws_job
    FOR EACH ROW
    WHEN (NEW.notify IS NOT NULL AND NEW.phase IS DISTINCT FROM OLD.phase
          AND NEW.phase <> 'ARCHIVED')
    EXECUTE FUNCTION uws_note_phase();
"""

BACKWARDS = """
DROP TRIGGER uws_note_phase ON uws_job;
DROP FUNCTION uws_note_phase();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('uws', '0006_quoted_durations'),
    ]

    operations = [
        migrations.AddField(
            model_name='job',
            name='notify',
            field=models.JSONField(help_text='The addresses that are told when the phase changes.', null=True),
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('job_id', models.CharField(max_length=64)),
                ('job_type', models.CharField(max_length=100)),
                ('run_id', models.TextField(null=True)),
                ('phase', models.CharField(max_length=10)),
                ('error_message', models.TextField(null=True)),
                ('time', models.DateTimeField(help_text='When the phase changed.')),
                ('address', models.TextField()),
                ('tries', models.PositiveIntegerField(db_default=0, default=0)),
                ('next_try', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'indexes': [models.Index(models.F('next_try'), name='uws_notice_due')],
            },
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
