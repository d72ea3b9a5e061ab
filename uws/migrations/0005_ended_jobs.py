"""Counts of jobs that have ended, which outlive the jobs: by type, phase and how long it took."""

from django.db import migrations, models

FORWARDS = """
CREATE FUNCTION uws_count_end() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    buckets CONSTANT double precision[] :=
        ARRAY[0.1, 0.3, 1, 3, 10, 30, 60, 300, 1800, 3600, 14400, 86400];
    measured RECORD;
BEGIN
    FOR measured IN
        SELECT * FROM (VALUES
            ('duration', extract(epoch FROM NEW.end_time - NEW.start_time)::double precision),
            ('waiting', extract(epoch FROM NEW.start_time - NEW.queued_time)::double precision)
        ) AS one (measure, seconds)
    LOOP
        INSERT INTO uws_endedjobs (job_type, phase, measure, up_to, jobs, seconds)
        VALUES (
            NEW.job_type, NEW.phase, measured.measure,
            coalesce((SELECT min(up_to) FROM unnest(buckets) AS up_to
                      WHERE coalesce(measured.seconds, 0) <= up_to), 'Infinity'),
            1, greatest(coalesce(measured.seconds, 0), 0)
        )
        ON CONFLICT (job_type, phase, measure, up_to) DO UPDATE
        SET jobs = uws_endedjobs.jobs + 1,
            seconds = uws_endedjobs.seconds + EXCLUDED.seconds;
    END LOOP;
    RETURN NULL;
END
$$;
CREATE TRIGGER uws_count_end
    AFTER UPDATE OF phase ON uws_job
    FOR EACH ROW
    WHEN (OLD.end_time IS NULL AND NEW.end_time IS NOT NULL)
    EXECUTE FUNCTION uws_count_end();
"""

BACKWARDS = """
DROP TRIGGER uws_count_end ON uws_job;
DROP FUNCTION uws_count_end();
"""


class Migration(migrations.Migration):
    dependencies = [("uws", "0004_turns_and_priorities")]

    operations = [
        migrations.CreateModel(
            name="EndedJobs",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("job_type", models.CharField(max_length=100)),
                ("phase", models.CharField(max_length=10)),
                ("measure", models.CharField(choices=[("duration", "duration"), ("waiting", "waiting")], max_length=8)),
                ("up_to", models.FloatField(help_text="Seconds; the bucket's upper limit.")),
                ("jobs", models.BigIntegerField()),
                ("seconds", models.FloatField(help_text="Of all these jobs together.")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("job_type", "phase", "measure", "up_to"), name="uws_ended_bucket")
                ],
            },
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
